//! Every route fuzzed from its description, by schemathesis (PyPI, `tests/requirements.txt`).

use std::path::{Path, PathBuf};
use std::process::Command;

use olvido::sync::record::Series;

use crate::support::{Hub, forget};

/// Some of what a JSON schema allows cannot be: half a surrogate pair in a text, 286.0 for a number
/// without a fraction, 32 bytes that are no point of the curve. It is refused, and that is right.
const EXCLUDED: &str = "positive_data_acceptance";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A virtual environment beside what cargo builds, made anew when the pinned versions change.
fn program() -> PathBuf {
    let wanted = std::fs::read_to_string(root().join("tests/requirements.txt")).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let (program, made) = (folder.join("bin/schemathesis"), folder.join("made"));
    if std::fs::read_to_string(&made).is_ok_and(|made| made == wanted) {
        return program;
    }
    let run = |program: &Path, args: &[&str]| {
        let out = Command::new(program).args(args).output();
        let out =
            out.unwrap_or_else(|error| panic!("{}: {error}; is python3-venv there?", program.display()));
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    run(Path::new("python3"), &["-m", "venv", "--clear", &folder.display().to_string()]);
    let requirements = root().join("tests/requirements.txt").display().to_string();
    run(&folder.join("bin/pip"), &["install", "--quiet", "--requirement", &requirements]);
    std::fs::write(&made, wanted).unwrap();
    program
}

#[test]
fn every_route_stands_up_to_what_its_description_allows() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    // What asks for the feed after some number is answered at once, and few examples wait.
    till.sent(&hub, Series::Forget, 1, &[Some(forget([1; 16]))]);
    let out = Command::new(program())
        .arg("--config-file")
        .arg(root().join("tests/hub/schemathesis.toml"))
        .args(["run", "--url", &format!("http://{}", hub.address)])
        .args(["--header", &format!("Authorization: {}", till.authorization())])
        .args(["--checks", "all", "--exclude-checks", EXCLUDED])
        .args(["--max-examples", "60", "--seed", "20261124", "--generation-database", "none", "--no-color"])
        .args(["--request-timeout", "60", "--max-response-time", "55"])
        .arg(root().join("assets/openapi.json"))
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said}\n{}\n{}", String::from_utf8_lossy(&out.stderr), hub.log());
    assert_eq!(till.feed(&hub, "after=0").status, 200, "and it works as before");
}
