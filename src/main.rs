use std::process::ExitCode;

fn main() -> ExitCode {
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
