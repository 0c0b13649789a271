use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::domain::language::Language;

struct Trial {
    ended: Result<Ended, Problem>,
    said: String,
    written: Vec<Product>,
}

fn run(file: &Path, options: Options) -> Trial {
    let locale = Locale::of(Language::English);
    let (mut out, mut written) = (Vec::new(), Vec::new());
    let mut bar = Bar::new(io::sink(), false, locale);
    let ended =
        products(file, &options, &Settings::default(), locale, &mut out, &mut bar, |products, progress| {
            written.extend_from_slice(products);
            progress(products.len(), products.len());
            Ok(Imported { added: products.len(), updated: 0 })
        });
    Trial { ended, said: String::from_utf8(out).unwrap(), written }
}

fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

const GOOD_AND_BAD: &str =
    "sku;nombre;precio;color\na;Uno;1,20;rojo\nb;;x\u{1b}[2J;verde\nc;Tres;3,40;\na;Otra;1,00;\n";

#[test]
fn a_dry_run_shows_the_file_and_writes_nothing() {
    let (folder, path) = file("tienda.csv", GOOD_AND_BAD);
    let trial = run(&path, Options { dry_run: true, skip_bad: true, ..Options::default() });
    assert_eq!(trial.ended, Ok(Ended::Previewed { bad_lines: 2 }));
    insta::assert_snapshot!(trial.said, @r#"
    tienda.csv: UTF-8 · separator ";" · decimal ","

    Columns
      sku → sku
      nombre → name
      precio → price
      color → not imported

    First products
      a · Uno · Varios · €1.20 · 21%
      c · Tres · Varios · €3.40 · 21%
    Prices are taken with VAT included.

    Line 3: nombre: the name is missing.
    Line 3: precio "x�[2J": no price.
    Line 5: sku "a": the sku is already on line 2.
    2 products ready.
    2 lines refused.
    This was a trial: nothing was saved.
    "#);
    assert!(trial.written.is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn one_bad_line_stops_everything() {
    let (folder, path) = file("tienda.csv", GOOD_AND_BAD);
    let trial = run(&path, Options::default());
    assert_eq!(trial.ended, Ok(Ended::Refused));
    assert!(trial.written.is_empty());
    assert!(trial.said.contains("Line 3: nombre: the name is missing.\n"), "{}", trial.said);
    assert!(trial.said.ends_with("with --skip-bad.\n"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn bad_lines_go_into_a_file_that_can_be_mended() {
    let (_folder, path) = file("tienda.csv", GOOD_AND_BAD);
    let trial = run(&path, Options { skip_bad: true, ..Options::default() });
    assert_eq!(trial.ended, Ok(Ended::Imported(Imported { added: 2, updated: 0 })));
    assert_eq!(trial.written.iter().map(|p| p.sku.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    let refused = refused_path(&path);
    assert_eq!(refused.file_name().unwrap(), "tienda.refused.csv");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&refused), 0o600, "it may hold what was refused for being somebody's");
    let text = fs::read_to_string(&refused).unwrap();
    assert!(text.starts_with("\u{feff}\"reason\";sku;nombre;precio;color\n"), "{text}");
    fs::write(&refused, text.replace("b;;x\u{1b}[2J", "b;Dos;2,30").replace(";a;Otra", ";d;Otra")).unwrap();
    let mended = run(&refused, Options::default());
    assert_eq!(mended.written.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Dos", "Otra"]);
}

#[test]
fn a_file_that_says_nothing_is_explained() {
    for (text, what) in [
        ("", "The file is empty."),
        ("a;b\n1;2\n", "These columns are missing: name, price."),
        ("sku;name;price\na;A;1,234\n", "The price \"1,234\" on line 2 can be read in two ways."),
        ("PK\u{0}\u{0}", "The file is no CSV text."),
    ] {
        let (_folder, path) = file("x.csv", text);
        let problem = run(&path, Options::default()).ended.unwrap_err();
        assert_eq!(problem.what, what);
        assert!(problem.next.is_some_and(|next| !next.is_empty()));
    }
    assert!(run(Path::new("/no/such/file.csv"), Options::default()).ended.is_err());
}

#[test]
fn the_options_decide_what_the_file_leaves_open() {
    let (_folder, path) = file("x.csv", "sku;name;price\na;A;1,234\n");
    let options =
        Options { decimal: Some(DecimalMark::Dot), default_tax: Some(TaxRate(400)), ..Options::default() };
    let trial = run(&path, options);
    assert_eq!(trial.written[0].price.0, 123_400);
    assert_eq!(trial.written[0].tax, TaxRate(400));
}
