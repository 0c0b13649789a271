use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::*;
use crate::domain::money::Money;
use crate::domain::quantity::Unit;

fn settings() -> Settings<'static> {
    Settings {
        language: Language::Spanish,
        default_tax: Some(TaxRate(2100)),
        default_department: "Varios",
        decimals: 2,
        decimal_mark: None,
    }
}

fn import(text: &str) -> Import {
    read(text.as_bytes(), &settings()).unwrap()
}

/// Each product in one line: barcode, PLU, sku, name, department, price, rate, unit, years.
fn told(import: &Import) -> Vec<String> {
    let tell = |p: &Product| {
        format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{}",
            p.barcode.map(|b| b.to_string()).unwrap_or_default(),
            p.plu.map(|plu| plu.to_string()).unwrap_or_default(),
            p.sku,
            p.name,
            p.department,
            p.price.decimal(2),
            p.tax.decimal(),
            if p.unit == Unit::Kilogram { "kg" } else { "ud" },
            p.durable_years
        )
    };
    import.accepted.iter().map(tell).collect()
}

fn problems(import: &Import) -> Vec<(u64, &str, &str, ProblemKind)> {
    let lines = import.refused.iter();
    lines
        .flat_map(|line| {
            line.problems.iter().map(|p| (line.line, p.column.as_str(), p.value.as_str(), p.kind))
        })
        .collect()
}

const MILK: &str = "0400000100012|7|L1|Leche entera 1 L|Lácteos|1.15|4|ud|0";

#[test]
fn columns_in_either_language_any_order_and_case() {
    for text in [
        "barcode,plu,sku,name,department,price,vat\n0400000100012,7,L1,Leche entera 1 L,Lácteos,1.15,4\n",
        "NOMBRE;Código de Barras;PVP;IVA;Sección;Referencia;PLU\nLeche entera 1 L;0400000100012;1,15;4 %;Lácteos;L1;7\n",
        "Precio\tProducto\tEAN\tCategoría\tTipo de IVA\tRef.\tplu\n1,15 €\tLeche entera 1 L\t400000100012\tLácteos\t4\tL1\t7\n",
        "\u{feff}gtin,name_en,name_es,section,price,tax,SKU,PLU,notes\r\n400000100012,Milk,Leche entera 1 L,Lácteos,1.15,4.0,L1,7,x\r\n",
        "sep=;\nsku;plu;descripción;familia;precio de venta;iva;código\nL1;7;\"Leche entera 1 L\";Lácteos;1,15;4;'0400000100012\n",
        "\n\nname;price;barcode;sku;plu;department;vat\n\n;;;;;;\n Leche  entera 1 L ;1,15;=\"0400000100012\";L1;7;Lácteos;4\n",
    ] {
        let import = import(text);
        assert_eq!(told(&import), [MILK], "{text}");
        assert!(import.refused.is_empty());
        assert_eq!(import.source, Source::Plain);
    }
}

#[test]
fn encodings_are_found() {
    let text = "nombre;precio;iva;ean;sección\nCafé «Ñandú» 1 €;2,50;10;0400000100012;Lácteos\n";
    let (windows, _, _) = WINDOWS_1252.encode(text);
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (format!("\u{feff}{text}").into_bytes(), "UTF-8"),
        (windows.into_owned(), "windows-1252"),
        (utf16, "UTF-16LE"),
    ] {
        let import = read(&bytes, &settings()).unwrap();
        assert_eq!(import.encoding, encoding);
        assert_eq!(told(&import), ["0400000100012|||Café «Ñandú» 1 €|Lácteos|2.50|10|ud|0"]);
    }
}

#[test]
fn language_chooses_the_name() {
    let text = "sku,name,name_es,name_en,department_es,department_en,price\na,A,Uno,One,Hogar,Home,1\nb,B,,Two,,Home,2\nc,C,,,,,3\n";
    let in_language = |language| {
        let import = read(text.as_bytes(), &Settings { language, ..settings() }).unwrap();
        let tell = |p: Product| format!("{}/{}", p.name, p.department);
        import.accepted.into_iter().map(tell).collect::<Vec<_>>()
    };
    assert_eq!(in_language(Language::Spanish), ["Uno/Hogar", "B/Home", "C/Varios"]);
    assert_eq!(in_language(Language::English), ["One/Home", "Two/Home", "C/Varios"]);
}

#[test]
fn the_whole_column_decides_the_decimal_sign() {
    use DecimalMark::{Comma, Dot};
    let file = |prices: &[&str]| {
        let rows = prices.iter().enumerate().map(|(n, price)| format!("{n}a;x;{price}\n"));
        format!("sku;name;price\n{}", rows.collect::<String>())
    };
    for (prices, mark, expected) in [
        (&["1.234", "5,20"][..], Some(Comma), &[123_400, 520][..]),
        (&["1,234", "5.20"], Some(Dot), &[123_400, 520]),
        (&["1.234,56", "7"], Some(Comma), &[123_456, 700]),
        (&["1,234.56", "7"], Some(Dot), &[123_456, 700]),
        (&["3", "7"], None, &[300, 700]),
        (&["0,500", "1"], Some(Comma), &[50, 100]),
    ] {
        let import = import(&file(prices));
        assert_eq!(import.decimal_mark, mark, "{prices:?}");
        let read: Vec<i64> = import.accepted.iter().map(|p| p.price.0).collect();
        assert_eq!(read, expected, "{prices:?}");
    }
    let error = |prices: &[&str]| read(file(prices).as_bytes(), &settings()).unwrap_err();
    let value = "1,234".to_owned();
    assert_eq!(error(&["2", "1,234", "5,000"]), ImportError::AmbiguousDecimal { line: 3, value });
    let (comma, dot) = ("1,20".to_owned(), "1.30".to_owned());
    assert_eq!(error(&["1,20", "1.30"]), ImportError::MixedDecimal { comma, dot });
    // The first price that tells may stand far below.
    for (early, late, mark) in [("3", "1,20", Comma), ("1,234", "2.50", Dot), ("1.234", "2,50", Comma)] {
        let import = import(&file(&[&[early; 500][..], &[late]].concat()));
        assert_eq!((import.decimal_mark, import.refused.len()), (Some(mark), 0), "{early} {late}");
        let expected = if early == "3" { 300 } else { 123_400 };
        assert!(import.accepted[..500].iter().all(|p| p.price == Money(expected)));
    }
    // Said by hand, or settled by a currency without decimals.
    let said = Settings { decimal_mark: Some(Dot), ..settings() };
    assert_eq!(read(file(&["1,234"]).as_bytes(), &said).unwrap().accepted[0].price, Money(123_400));
    let yen = Settings { decimals: 0, ..settings() };
    assert_eq!(read(file(&["1,234"]).as_bytes(), &yen).unwrap().accepted[0].price, Money(1234));
    // The few that disagree with the many are refused, not misread.
    let odd = import(&file(&["1,20", "1,30", "1.40"]));
    assert_eq!(problems(&odd), [(4, "price", "1.40", ProblemKind::NotAPrice)]);
}

#[test]
fn every_problem_is_listed_with_its_line() {
    let text = "barcode,plu,sku,name,price,vat,unit,durable_years\n\
        0400000100016,,,Bad digit,1.00,4,,\n\
        4.00000E+11,,,Rounded,1.00,4,,\n\
        ABC-9,,s1,Letters,1.00,4,,\n\
        ,0,,Low plu,1.00,4,,\n\
        ,,s2,,free,x,box,old\n\
        ,,,No code,1.00,4,,\n\
        ,,s3,Negative,-1.00,4,,\n\
        ,,s4,Fine,1.005,4,,\n\
        ,,s5,Large,99999999.00,4,,\n\
        ,,s6,No price,,4,,\n\
        ,,s7,Asked,variable,4,,\n\
        ,,s8,Escape \u{1b}[2J,1.00,4,,\n\
        ,,s9,Comma, too many,1.00,4,ud,5\n\
        ,,t1,Ends here,1.00\n\
        ,,t2,Zero,0.00,0,kg,10 años\n";
    let import = import(text);
    use ProblemKind as P;
    assert_eq!(
        problems(&import),
        [
            (2, "barcode", "0400000100016", P::BarcodeCheckDigit { expected: 2 }),
            (3, "barcode", "4.00000E+11", P::BarcodeRounded),
            (4, "barcode", "ABC-9", P::NotABarcode),
            (5, "plu", "0", P::NotAPlu),
            (6, "name", "", P::MissingName),
            (6, "price", "free", P::NotAPrice),
            (6, "vat", "x", P::NotATaxRate),
            (6, "unit", "box", P::UnknownUnit),
            (6, "durable_years", "old", P::NotYears),
            (7, "", "", P::MissingCode),
            (8, "price", "-1.00", P::NegativePrice),
            (9, "price", "1.005", P::PriceTooFine),
            (10, "price", "99999999.00", P::PriceTooLarge),
            (11, "price", "", P::MissingPrice),
            (12, "price", "variable", P::PriceAsked),
            (13, "name", "Escape \u{fffd}[2J", P::ControlCharacter),
            (14, "", "", P::TooManyValues { columns: 8, values: 9 }),
        ]
    );
    assert_eq!(import.refused[4].original, ",,s2,,free,x,box,old");
    assert_eq!(told(&import), ["||t1|Ends here|Varios|1.00|21|ud|0", "||t2|Zero|Varios|0.00|0|kg|10"]);
}

#[test]
fn other_codes_become_the_sku() {
    let import = import(
        "codigo;nombre;precio\nABC-9;Uno;1\n10012;Dos;2\n0400000100012;Tres;3\n400000100029.0;Cuatro;4\n",
    );
    let codes: Vec<_> =
        import.accepted.iter().map(|p| (p.barcode.map(|b| b.number()), p.sku.as_str())).collect();
    assert_eq!(
        codes,
        [(None, "ABC-9"), (None, "10012"), (Some(400_000_100_012), ""), (Some(400_000_100_029), "")]
    );
}

#[test]
fn doubles_name_both_lines() {
    let import = import(
        "barcode,sku,plu,name,price\n0400000100012,a,1,A,1\n,b,2,B,1\n\n400000100012,c,,C,1\n,b,,D,1\n,d,2,E,1\n0400000100012,a,1,A,1\n",
    );
    use ProblemKind as P;
    assert_eq!(
        problems(&import),
        [
            (5, "barcode", "0400000100012", P::DuplicateBarcode { first_line: 2 }),
            (6, "sku", "b", P::DuplicateSku { first_line: 3 }),
            (7, "plu", "2", P::DuplicatePlu { first_line: 3 }),
            (8, "barcode", "0400000100012", P::DuplicateBarcode { first_line: 2 }),
            (8, "sku", "a", P::DuplicateSku { first_line: 2 }),
            (8, "plu", "1", P::DuplicatePlu { first_line: 2 }),
        ]
    );
}

#[test]
fn quotes_and_line_ends_inside_values() {
    let import = import(
        "sku,name,price,notes\na,\"Pan, blanco\",1.20,\"two\nlines\"\nb,\"Tubo 5\"\" PVC\",2.00,\nc,x,y,\n",
    );
    assert_eq!(
        told(&import),
        ["||a|Pan, blanco|Varios|1.20|21|ud|0", "||b|Tubo 5\" PVC|Varios|2.00|21|ud|0"]
    );
    assert_eq!(problems(&import), [(5, "price", "y", ProblemKind::NotAPrice)]);
    let open = super::tests::import("sku,name,price,notes\na,A,1,\nb,B,2,\"x\nc,C,3,\n");
    assert_eq!((open.accepted.len(), problems(&open)[0].3), (1, ProblemKind::UnclosedQuote));
    let open = super::tests::import("sku,name,price\na,A,1\nb,\"B,2\nc,C,3\nd,D,4\n");
    assert_eq!(problems(&open), [(3, "", "", ProblemKind::UnclosedQuote)]);
    assert_eq!(open.refused[0].original, "b,\"B,2\nc,C,3\nd,D,4");
}

#[test]
fn files_that_are_no_products() {
    let error = |bytes: &[u8]| read(bytes, &settings()).unwrap_err();
    assert_eq!(error(b""), ImportError::Empty);
    assert_eq!(error(b"\xef\xbb\xbf \r\n"), ImportError::Empty);
    assert_eq!(error(b"PK\x03\x04\0\0xl/workbook.xml"), ImportError::NotText);
    assert_eq!(
        error(b"sku;color\na;b\n"),
        ImportError::MissingColumns {
            missing: vec![Field::Name, Field::Price],
            header: vec!["sku".to_owned(), "color".to_owned()]
        }
    );
    let untaxed = Settings { default_tax: None, ..settings() };
    let import = read(b"sku,name,price\na,b,1\n", &untaxed).unwrap();
    assert_eq!(problems(&import), [(2, "", "", ProblemKind::MissingTax)]);
}

#[test]
fn rates_as_parts_of_one() {
    let import = import("sku,name,price,iva\na,A,1,0.21\nb,B,1,0.1\nc,C,1,0\n");
    let rates: Vec<u16> = import.accepted.iter().map(|p| p.tax.0).collect();
    assert_eq!(rates, [2100, 1000, 0]);
}

#[test]
fn square_exports() {
    let import = import(
        "Token,Item Name,Variation Name,SKU,GTIN,Description,Categories,Price,Archived,Current Quantity Sol,Tax - IVA (21%),Tax - IVA reducido (10%)\n\
         5XYCCJMKAXEVXO3FITUU3WBR,Vela,Pequeña,V-P,,Cera,Hogar (T2B3ROTJ3HFGVBO22QLOOJDE),12.00,N,10,Y,N\n\
         QTFKBUARFAGWO2JM5QS2NZYF,Vela,Grande,,,Cera,\"Hogar, Regalos\",18.00,N,4,Y,N\n\
         54HTKT7JAWRFJ3HQHU3VJOZ6,Agua,Regular,A1,0400000100012,,Bebidas,\"1,050.50\",N,9,N,Y\n\
         AAHTKT7JAWRFJ3HQHU3VJOZ6,Viejo,Regular,O1,,,Bebidas,1.00,Y,9,N,Y\n\
         BBHTKT7JAWRFJ3HQHU3VJOZ6,Ramo,Regular,R1,,,Flores,variable,N,,Y,N\n\
         CCHTKT7JAWRFJ3HQHU3VJOZ6,Libre,Regular,R2,,,Flores,1.00,N,,N,N\n",
    );
    assert_eq!(import.source, Source::Square);
    assert_eq!(
        told(&import),
        [
            "||V-P|Vela Pequeña|Hogar|12.00|21|ud|0",
            "||QTFKBUARFAGWO2JM5QS2NZYF|Vela Grande|Hogar|18.00|21|ud|0",
            "0400000100012||A1|Agua|Bebidas|1050.50|10|ud|0",
            "||R2|Libre|Flores|1.00|0|ud|0",
        ]
    );
    assert_eq!(import.left_out, 1);
    assert_eq!(problems(&import), [(6, "Price", "variable", ProblemKind::PriceAsked)]);
}

#[test]
fn shopify_exports() {
    let import = import(
        "Handle,Title,Body (HTML),Vendor,Product Category,Type,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Price,Variant Taxable,Variant Barcode,Image Src,Status\n\
         camisa,Camisa,\"<p>Hola,\nmundo</p>\",Sol,Apparel > Clothing > Shirts,Ropa,Talla,S,C-S,200,19.95,true,'0400000100012,https://x/1.jpg,active\n\
         camisa,,,,,,,M,,200,21.95,true,,https://x/2.jpg,\n\
         camisa,,,,,,,,,,,,,https://x/3.jpg,\n\
         libro,Libro,,Sol,Media > Books,,Title,Default Title,,300,10.00,false,,,active\n\
         borrador,Borrador,,Sol,,,Title,Default Title,B,1,10.00,true,,,draft\n",
    );
    assert_eq!(import.source, Source::Shopify);
    assert_eq!(
        told(&import),
        [
            "0400000100012||C-S|Camisa S|Ropa|19.95|21|ud|0",
            "||camisa-m|Camisa M|Ropa|21.95|21|ud|0",
            "||libro|Libro|Books|10.00|0|ud|0",
        ]
    );
    assert_eq!((import.left_out, import.refused.len()), (2, 0));
}

#[test]
fn loyverse_exports() {
    let import = import(
        "Handle,SKU,Name,Category,Description,Sold by weight,Option 1 name,Option 1 value,Cost,Barcode,SKU of included item,Quantity of included item,Track stock,Available for sale [Sol],Price [Sol],In stock [Sol],Low stock [Sol],\"Tax - \"\"IVA\"\" (4%)\"\n\
         leche,10000,Leche,Lácteos,Rica,N,,,0.80,0400000100012,,,N,Y,1.15,,,Y\n\
         tomate,10001,Tomate,,,Y,,,1.20,,,,N,Y,2.49,,,\n\
         te,10002,Té,Bebidas,,N,Tamaño,Corto,0.20,,,,N,Y,1.20,,,N\n\
         te,10003,,,,,,Largo,0.20,,,,N,Y,1.40,,,N\n\
         cesta,10004,Cesta,Regalos,,N,,,,,10000,2,N,Y,9.00,,,\n\
         cesta,,,,,,,,,,10001,1,,,,,,\n\
         ramo,10005,Ramo,Flores,,N,,,,,,,N,Y,variable,,,\n",
    );
    assert_eq!(import.source, Source::Loyverse);
    assert_eq!(
        told(&import),
        [
            "0400000100012||10000|Leche|Lácteos|1.15|4|ud|0",
            "||10001|Tomate|Varios|2.49|21|kg|0",
            "||10002|Té Corto|Bebidas|1.20|0|ud|0",
            "||10003|Té Largo|Bebidas|1.40|0|ud|0",
            "||10004|Cesta|Regalos|9.00|21|ud|0",
        ]
    );
    assert_eq!(import.left_out, 1);
    assert_eq!(problems(&import), [(8, "Price [Sol]", "variable", ProblemKind::PriceAsked)]);
}

#[test]
fn odoo_exports() {
    for header in [
        "External ID,Name,Product Type,Unit of Measure,Sales Price,Customer Taxes,Cost,Internal Reference,Barcode,Product Category",
        "ID externo,Nombre,Tipo de producto,Unidad de medida,Precio de venta,Impuestos de cliente,Coste,Referencia interna,Código de barras,Categoría de producto",
    ] {
        let import = import(&format!(
            "{header}\n\
             p_1,Leche,Goods,Units,1.15,IVA 4% (Bienes),0.80,L1,0400000100012,All / Saleable / Lácteos\n\
             p_2,Tomate,Goods,kg,2.49,\"4% G\",1.20,,,Fruta\n\
             p_3,Vino,Goods,Unidades,5.00,,3.00,V,,All\n\
             p_4,Mixto,Goods,Units,5.00,\"21% S,10% S\",3.00,M,,All\n\
             p_5,Tela,Goods,m,5.00,21%,3.00,T,,All\n"
        ));
        assert_eq!(import.source, Source::Odoo);
        assert_eq!(
            told(&import),
            [
                "0400000100012||L1|Leche|Lácteos|1.15|4|ud|0",
                "||p_2|Tomate|Fruta|2.49|4|kg|0",
                "||V|Vino|All|5.00|21|ud|0"
            ]
        );
        let kinds: Vec<_> = import.refused.iter().map(|line| (line.line, line.problems[0].kind)).collect();
        assert_eq!(kinds, [(5, ProblemKind::NotATaxRate), (6, ProblemKind::UnknownUnit)]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, &settings());
    }

    /// Whatever follows a good header, each line with a value is accepted, refused or left out.
    #[test]
    fn no_line_is_lost(rows in prop::collection::vec("[a-z0-9.,€ñ'%+-]{0,8}(;[a-z0-9.,€E+-]{0,6}){0,5}", 0..20)) {
        let text = format!("name;price;sku;barcode;vat\n{}\n", rows.join("\n"));
        if let Ok(import) = read(text.as_bytes(), &Settings { decimal_mark: Some(DecimalMark::Comma), ..settings() }) {
            let filled = rows.iter().filter(|row| row.split(';').any(|v| !v.trim().is_empty())).count();
            prop_assert_eq!(import.accepted.len() + import.refused.len() + import.left_out, filled);
        }
    }

    #[test]
    fn quotes_anywhere_never_panic(text in "(name|price|\"|,|;|\t|\r|\n|1|é|\u{feff}|sep=){0,40}") {
        let _ = read(format!("name,price\n{text}").as_bytes(), &settings());
        let _ = read(text.as_bytes(), &settings());
    }

    /// A price written in either style comes back as it was.
    #[test]
    fn prices_survive_both_styles(cents in prop::collection::vec(0i64..100_000_000, 1..20), comma: bool) {
        let (point, group) = if comma { (',', '.') } else { ('.', ',') };
        let rows: String = cents.iter().enumerate().map(|(n, &c)| {
            format!("s{n}\tx\t{}\n", crate::domain::money::format_fixed(c, 2, point, Some(group)))
        }).collect();
        let import = read(format!("sku\tname\tprice\n{rows}").as_bytes(), &settings()).unwrap();
        prop_assert_eq!(import.accepted.iter().map(|p| p.price.0).collect::<Vec<_>>(), cents);
    }
}
