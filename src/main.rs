use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Overwrites with zeros whatever is freed: what a customer bought must not lie in the till's memory after the
/// sale was forgotten, in whichever buffer, tree or text it was on its way.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    olvido::cli::run::keep_memory_private();
    // Asked alone, the version is said before anything is read: it is the yardstick of a start.
    let mut args = std::env::args_os().skip(1);
    if let (Some(arg), None) = (args.next(), args.next())
        && (arg == "--version" || arg == "-V")
    {
        println!(concat!("olvido ", env!("CARGO_PKG_VERSION")));
        return ExitCode::SUCCESS;
    }
    olvido::cli::run::main()
}
