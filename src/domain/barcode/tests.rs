use proptest::prelude::*;

use super::*;

fn rules() -> VariableRules {
    VariableRules(vec![
        VariableRule::new("20", 5, 5, Embeds::Weight, false).unwrap(),
        VariableRule::new("21", 5, 5, Embeds::Price, false).unwrap(),
        VariableRule::new("22", 4, 5, Embeds::Price, true).unwrap(),
        VariableRule::new("23", 5, 4, Embeds::Weight, true).unwrap(),
        VariableRule::new("02", 5, 4, Embeds::Price, true).unwrap(),
    ])
}

#[test]
fn barcodes_read() {
    for (text, expected) in [
        ("4006381333931", Ok(4_006_381_333_931)),   // EAN-13
        ("96385074", Ok(96_385_074)),               // EAN-8
        ("036000291452", Ok(36_000_291_452)),       // UPC-A
        ("0036000291452", Ok(36_000_291_452)),      // the same, read as EAN-13
        ("04252614", Ok(42_100_005_264)),           // UPC-E of 042100005264
        ("01234505", Ok(12_000_003_455)),           // its code ends in 0
        ("01234531", Ok(12_300_000_451)),           // in 3
        ("01234543", Ok(12_340_000_053)),           // in 4
        ("01234558", Ok(12_345_000_058)),           // in 5 to 9
        ("10614141000415", Ok(10_614_141_000_415)), // GTIN-14
        ("4006381333932", Err(BarcodeError::CheckDigit { expected: 1, found: 2 })),
        ("96385075", Err(BarcodeError::CheckDigit { expected: 4, found: 5 })),
        ("036000291453", Err(BarcodeError::CheckDigit { expected: 2, found: 3 })),
        ("0000000000000", Err(BarcodeError::NotANumber)),
        ("", Err(BarcodeError::NotANumber)),
        ("40063813339a1", Err(BarcodeError::NotANumber)),
        ("４００６３８１３", Err(BarcodeError::NotANumber)),
        ("123456789", Err(BarcodeError::Length(9))),
        ("99999999999999999999999", Err(BarcodeError::Length(23))),
    ] {
        assert_eq!(Gtin::parse(text).map(Gtin::number), expected, "{text}");
    }
}

#[test]
fn barcodes_written() {
    for (number, expected) in [
        (96_385_074, "96385074"),
        (36_000_291_452, "0036000291452"),
        (4_006_381_333_931, "4006381333931"),
        (10_614_141_000_415, "10614141000415"),
    ] {
        assert_eq!(Gtin::from_number(number).unwrap().to_string(), expected);
    }
}

#[test]
fn value_check_digits_of_the_specification() {
    assert_eq!(value_check_digit(2875, 4), 9);
    assert_eq!(value_check_digit(14_685, 5), 6);
}

#[test]
fn entries_are_told_apart() {
    let gtin = |number| Gtin::from_number(number).unwrap();
    let plain = |number| Reading::Gtin { gtin: gtin(number), other: None };
    for (text, expected) in [
        (" 4006381333931\r", plain(4_006_381_333_931)),
        ("4011", Reading::Plu(4011)),
        ("7", Reading::Plu(7)),
        ("94011", Reading::Plu(94_011)),
        ("00000", Reading::Text),
        ("123456", Reading::Text),
        ("leche", Reading::Text),
        ("", Reading::Text),
        ("A-12", Reading::Text),
        ("4006381333932", Reading::Text),
        // The value 0 is the product's own code, and 24 has no rule here.
        ("2012345000001", plain(2_012_345_000_001)),
        ("2412345012347", plain(2_412_345_012_347)),
    ] {
        assert_eq!(Scan::parse(text, &rules()).reading, expected, "{text}");
    }
    let scan = Scan::parse("4006381333932", &rules());
    assert_eq!(scan.text, "4006381333932");
    assert_eq!(scan.doubt, Some(BarcodeError::CheckDigit { expected: 1, found: 2 }));
}

#[test]
fn eight_digits_may_be_two_codes() {
    let both = (0..10_000_000u64).step_by(10).find_map(|body| {
        let number = body + u64::from(check_digit(body / 10));
        upc_e(number).filter(|upc| upc.number() != number).map(|upc| (number, upc))
    });
    let (number, upc) = both.unwrap();
    let scan = Scan::parse(&format!("{number:08}"), &VariableRules::default());
    assert_eq!(scan.reading, Reading::Gtin { gtin: upc, other: Some(Gtin(number)) });
}

#[test]
fn prices_and_weights_inside_codes() {
    let price = |minor| Measure::Price(Money(minor));
    let weight = |grams| Measure::Weight(Quantity::grams(grams).unwrap());
    let complete = |body: u64| format!("{:013}", body * 10 + u64::from(check_digit(body)));
    for (body, item, measure, base) in [
        (201_234_500_482, 12_345, weight(482), 201_234_500_000),
        (210_001_701_299, 17, price(1299), 210_001_700_000),
        (220_042_614_685, 42, price(14_685), 220_042_000_000),
        (230_004_292_875, 42, weight(2875), 230_004_200_000),
        (20_004_292_875, 42, price(2875), 20_004_200_000),
    ] {
        let Reading::Variable(read) = Scan::parse(&complete(body), &rules()).reading else {
            panic!("{body} is a variable measure");
        };
        assert_eq!((read.item, read.measure), (item, measure), "{body}");
        assert_eq!(read.base.to_string(), complete(base));
    }
    // A UPC-A of 12 digits that begins with 2 is the same code as 02… in 13.
    let upc_a = &complete(20_004_292_875)[1..];
    assert!(matches!(Scan::parse(upc_a, &rules()).reading, Reading::Variable(_)));
    let wrong = Scan::parse(&complete(220_042_514_685), &rules());
    assert_eq!(wrong.reading, Reading::Text);
    assert_eq!(wrong.doubt, Some(BarcodeError::ValueCheckDigit { expected: 6, found: 5 }));
}

#[test]
fn rules_that_cannot_be() {
    for (prefix, item, value, check, expected) in [
        ("30", 5, 5, false, RuleError::Prefix),
        ("2", 5, 5, false, RuleError::Prefix),
        ("2x", 5, 5, false, RuleError::Prefix),
        ("20", 5, 5, true, RuleError::Length(14)),
        ("20", 0, 10, false, RuleError::Length(13)),
        ("20", 255, 255, true, RuleError::Length(514)),
        ("20", 3, 6, true, RuleError::ValueCheck),
    ] {
        assert_eq!(VariableRule::new(prefix, item, value, Embeds::Price, check), Err(expected), "{prefix}");
    }
}

/// `text` with the digit at `place` replaced by another one.
fn with_one_wrong_digit(text: &str, place: usize, shift: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let place = place % bytes.len();
    bytes[place] = b'0' + (bytes[place] - b'0' + shift) % 10;
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn any_single_wrong_digit_is_caught(body in 1u64..1_000_000_000_000, place: usize, shift in 1u8..10) {
        let code = format!("{:013}", body * 10 + u64::from(check_digit(body)));
        prop_assert!(Gtin::parse(&code).is_ok());
        let wrong = with_one_wrong_digit(&code, place, shift);
        prop_assert!(Gtin::parse(&wrong).is_err(), "{} read as {}", code, wrong);
    }

    #[test]
    fn any_single_wrong_digit_of_an_ean_8_is_caught(body in 1_000_000u64..10_000_000, place in 1usize..8, shift in 1u8..10) {
        let code = format!("{:08}", body * 10 + u64::from(check_digit(body)));
        let wrong = with_one_wrong_digit(&code, place, shift);
        prop_assert!(Gtin::parse(&wrong).is_err());
    }

    #[test]
    fn any_single_wrong_digit_of_a_price_is_caught(value in 1u64..10_000, place: usize, shift in 1u8..10, five: bool) {
        let (value, length) = if five { (value * 7, 5) } else { (value, 4) };
        let text = format!("{value:0length$}");
        let wrong: u64 = with_one_wrong_digit(&text, place, shift).parse().unwrap();
        let length = u32::try_from(length).unwrap();
        prop_assert_ne!(value_check_digit(value, length), value_check_digit(wrong, length));
    }

    #[test]
    fn written_and_read_back(body in 1u64..10_000_000_000_000) {
        let gtin = Gtin::from_number(body * 10 + u64::from(check_digit(body))).unwrap();
        // Eight digits that begin with 0 may read as UPC-E; the scan then offers both.
        let Reading::Gtin { gtin: first, other } = Scan::parse(&gtin.to_string(), &VariableRules::default()).reading else {
            panic!("{gtin} is a barcode");
        };
        prop_assert!(first == gtin || other == Some(gtin));
    }

    #[test]
    fn no_entry_panics_or_is_lost(text in "\\PC*|[0-9]{0,30}|2[0-9]{12}|02[0-9]{11}") {
        let scan = Scan::parse(&text, &rules());
        prop_assert_eq!(scan.text.as_str(), text.trim());
        let _ = Gtin::parse(&text);
    }
}
