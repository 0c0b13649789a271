use super::*;
use proptest::prelude::*;

#[test]
fn identifiers_normalise() {
    for (text, expected) in [
        ("600 12 34 56", Ok("phone:+34600123456")),
        (" +34 600-123-456 ", Ok("phone:+34600123456")),
        ("(+44) 20 7946 0958", Ok("phone:+442079460958")),
        ("+44 (20) 7946 0958", Ok("phone:+442079460958")),
        ("+34", Err(IdentifierError::NotAPhone)),
        ("Ana.Sol@Example.ORG ", Ok("email:ana.sol@example.org")),
        ("ana@@example.org", Err(IdentifierError::NotAnEmail)),
        ("ana@example", Err(IdentifierError::NotAnEmail)),
        ("ana@example..org", Err(IdentifierError::NotAnEmail)),
        ("@example.org", Err(IdentifierError::NotAnEmail)),
        ("ana sol@example.org", Err(IdentifierError::NotAnEmail)),
        ("tel 600112233", Ok("phone:+34600112233")),
        ("Teléfono: 600 11 22 33", Ok("phone:+34600112233")),
        ("móvil. +44 20 7946 0958", Ok("phone:+442079460958")),
        ("E-mail: ana@example.org", Ok("email:ana@example.org")),
        ("correo. ana@example.org", Ok("email:ana@example.org")),
        ("mail.ana@example.org", Ok("email:mail.ana@example.org")),
        ("tel.ana@example.org", Ok("email:tel.ana@example.org")),
        ("tel ana@example.org", Err(IdentifierError::NotAnEmail)),
        ("tel 12", Err(IdentifierError::NotAPhone)),
        ("tel 4111 1111 1111 1111", Err(IdentifierError::PaymentCard)),
        ("tel-0042", Ok("card:TEL0042")),
        ("sol-0042", Ok("card:SOL0042")),
        ("12 34", Ok("card:1234")),
        ("123", Err(IdentifierError::NotACard)),
        ("ñandú", Err(IdentifierError::NotACard)),
        ("  ", Err(IdentifierError::Empty)),
        ("4111 1111 1111 1111", Err(IdentifierError::PaymentCard)),
        ("4111111111111111@example.org", Err(IdentifierError::PaymentCard)),
    ] {
        let read = Identifier::parse(text, "34").map(|identifier| identifier.canonical());
        assert_eq!(read.as_deref(), expected.as_ref().copied(), "{text:?}");
    }
    assert_eq!(
        Identifier::phone("0034 600123456", "34").map(|p| p.canonical()),
        Ok("phone:+34600123456".to_owned())
    );
    assert_eq!(format!("{:?}", Identifier::card("sol-0042").unwrap()), "Card(…)");
}

#[test]
fn purposes() {
    for (text, good) in [("history", true), ("my-2", true), ("", false), ("A", false), ("a b", false)] {
        assert_eq!(text.parse::<Purpose>().is_ok(), good, "{text:?}");
    }
}

proptest! {
    #[test]
    fn parse_never_panics_and_settles(text in "\\PC{0,40}|[+0-9 ()-]{0,24}|[a-z.@]{0,20}") {
        if let Ok(first) = Identifier::parse(&text, "34") {
            let again = match &first {
                Identifier::Phone(text) => Identifier::phone(text, "1"),
                Identifier::Email(text) => Identifier::email(text),
                Identifier::Card(text) => Identifier::card(text),
            };
            let is_phone = matches!(first, Identifier::Phone(_));
            prop_assert!(is_phone || !looks_like_payment_card(&text));
            prop_assert_eq!(again, Ok(first));
        }
    }
}

/// What 0.2.0 made of a text, at the till and by command.
fn parsed_before(text: &str, code: &str) -> Option<Identifier> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let phone_like = !text.contains(|c: char| c.is_alphabetic())
        && (text.trim_start().starts_with(['+', '(']) || digits == 9);
    if phone_like { phone_before(text, code) } else { Identifier::card(text).ok() }
}

/// What 0.2.0 made of a text that `ring` gave as a phone.
fn phone_before(text: &str, code: &str) -> Option<Identifier> {
    let separators = [' ', '\u{a0}', '-', '.', '/', '(', ')'];
    let digits: String = text.trim().chars().filter(|c| !separators.contains(c)).collect();
    let digits = match digits.strip_prefix('+').or_else(|| digits.strip_prefix("00")) {
        Some(international) => international.to_owned(),
        None => format!("{code}{digits}"),
    };
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    let sound = plain && (8..=15).contains(&digits.len()) && !looks_like_payment_card(&digits);
    (sound && !looks_like_payment_card(text)).then(|| Identifier::Phone(format!("+{digits}")))
}

/// A country and one of its numbers: dialling code, prefix inside it, the number without it.
fn number() -> impl Strategy<Value = (&'static str, &'static str, String)> {
    prop_oneof![
        4 => "[6-9][0-9]{8}".prop_map(|number| ("34", "", number)),
        2 => "[2-9][0-9]{9}".prop_map(|number| ("1", "1", number)),
        2 => "[1-9][0-9]{9,10}".prop_map(|number| ("49", "0", number)),
        1 => "[1-9][0-9]{9}".prop_map(|number| ("44", "0", number)),
        1 => "[1-9][0-9]{8}".prop_map(|number| ("33", "0", number)),
        1 => "[29][0-9]{8}".prop_map(|number| ("351", "", number)),
        1 => "[2-9][0-9]{9}".prop_map(|number| ("52", "01", number)),
        1 => "0?[1-9][0-9]{8}".prop_map(|number| ("39", "", number)),
        1 => "[1-9][0-9]{8}".prop_map(|number| ("998", "0", number)),
    ]
}

/// How people write the number, in groups of three and two; with `code`'s country as the shop's own.
fn spellings(code: &str, trunk: &str, number: &str) -> Vec<String> {
    let groups = |size: usize, gap: &str| {
        let chars: Vec<char> = number.chars().collect();
        chars.chunks(size).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(gap)
    };
    let mut all = vec![
        format!("+{code}{number}"),
        format!("+{code} {}", groups(3, " ")),
        format!("(+{code}) {}", groups(2, " ")),
        format!("00{code}{number}"),
        format!("00{code} {}", groups(3, "-")),
        format!("{code}{number}"),
        number.to_owned(),
        groups(3, " "),
        groups(3, "-"),
        format!("\u{202a}+{code} {}\u{202c}", groups(3, "\u{a0}")),
        format!("Tel. +{code} {number}"),
        format!("móvil: {number}"),
    ];
    if !trunk.is_empty() {
        all.push(format!("{trunk}{number}"));
        all.push(format!("{trunk}{}", groups(3, " ")));
    }
    if trunk == "0" {
        all.push(format!("+{code} (0){}", groups(3, " ")));
        all.push(format!("+{code}0{number}"));
    }
    all
}

/// A word that may stand before a phone or an e-mail, and what parts it from what follows.
fn word_before() -> impl Strategy<Value = (&'static str, &'static str)> {
    let words = [PHONE_WORDS.as_slice(), &EMAIL_WORDS].concat();
    (prop::sample::select(words), prop::sample::select(vec![" ", ".", ": ", ":", ". ", "-", "_", ""]))
}

proptest! {
    /// An address that begins with such a word is nobody else's.
    #[test]
    fn an_address_is_found_whatever_it_begins_with((word, gap) in word_before(), name in "[a-z]{1,8}") {
        // That is a kind, and no address is a phone.
        prop_assume!(!(word == "phone" && gap.starts_with(':')));
        let address = format!("{name}@example.org");
        let is_word = EMAIL_WORDS.contains(&word) && word != "e mail" && gap.contains([' ', ':']);
        let expected = match Identifier::email(&format!("{word}{gap}{address}")) {
            _ if is_word => Identifier::email(&address),
            // No blank is in an address.
            read => read,
        };
        prop_assert_eq!(Identifier::parse(&format!("{word}{gap}{address}"), "34"), expected);
    }

    /// A card that `ring` kept is found, whatever it begins with.
    #[test]
    fn a_card_is_found_whatever_it_begins_with((word, gap) in word_before(), number in "[0-9]{1,9}") {
        let card = format!("{word}{gap}{number}");
        let Ok(kept) = Identifier::card(&card) else { return Ok(()) };
        for asked in [card.clone(), card.to_uppercase()] {
            let readings = Identifier::readings(&asked, "34").unwrap();
            prop_assert!(readings.concat().contains(&kept), "{}", asked);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever was kept, by the till, a command or `ring`, by this version or by 0.2.0, is among those
    /// whom every other spelling of their phone can name.
    #[test]
    fn whoever_was_kept_is_found_by_each_spelling((code, trunk, number) in number()) {
        let all = spellings(code, trunk, &number);
        for kept in &all {
            let doors = [
                Identifier::parse(kept, code).ok(),
                Identifier::phone(kept, code).ok(),
                parsed_before(kept, code),
                phone_before(kept, code),
            ];
            for identifier in doors.into_iter().flatten() {
                for asked in &all {
                    let readings = Identifier::readings(asked, code).unwrap();
                    prop_assert!(readings.concat().contains(&identifier), "{kept:?} as {identifier:?}, {}: {asked:?}", identifier.text());
                }
            }
        }
        let phone = Identifier::Phone(format!("+{code}{number}"));
        prop_assert!(Identifier::readings(&phone.canonical(), code).unwrap()[0].contains(&phone));
        for asked in all.iter().filter(|text| text.contains(['+', '(']) || text.starts_with("00")) {
            prop_assert_eq!(Identifier::parse(asked, code), Ok(phone.clone()), "{}", asked);
        }
    }

    /// The same for the number of a loyalty card, whatever else it may look like.
    #[test]
    fn a_card_is_found_as_what_it_was_given(card in "[0-9A-Z]{4,14}|[0-9]{8,12}", code in prop::sample::select(vec!["34", "1", "49", "998"])) {
        let Ok(kept) = Identifier::card(&card) else { return Ok(()) };
        for asked in [card.clone(), card.to_lowercase(), format!(" {} {}", &card[..2], &card[2..]), format!("card:{card}")] {
            let readings = Identifier::readings(&asked, code).unwrap();
            prop_assert!(readings.concat().contains(&kept), "{asked}");
        }
        let doors = [parsed_before(&card, code), phone_before(&card, code)];
        for identifier in doors.into_iter().flatten() {
            let readings = Identifier::readings(&card, code).unwrap();
            prop_assert!(readings.concat().contains(&identifier), "{card} as {}", identifier.text());
        }
    }
}

/// Who is on file in one way only is one person, and found without being asked which.
#[test]
fn nobody_is_two_people() {
    for (text, code) in
        [("0034600777888", "34"), ("34600777888", "34"), ("0171 1234567", "49"), ("39100000000", "39")]
    {
        let all = Identifier::readings(text, code).unwrap().concat();
        let once: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(once.len(), all.len(), "{text}");
    }
    let people = Identifier::readings("0034600777888", "34").unwrap();
    assert!(
        people[0].contains(&Identifier::Card("0034600777888".into())),
        "as 0.2.0 filed it: the same person"
    );
    let people = Identifier::readings("700123456", "34").unwrap();
    assert_eq!(people[1], [Identifier::Card("700123456".into())], "perhaps another one");
}

#[test]
fn which_kind_a_number_is_taken_for() {
    for (text, code, expected) in [
        ("0034 600 123 456", "34", "phone:+34600123456"),
        ("34600123456", "34", "phone:+34600123456"),
        ("600123456", "34", "phone:+34600123456"),
        ("card:600123456", "34", "card:600123456"),
        ("phone:600123456", "34", "phone:+34600123456"),
        ("60012345", "34", "card:60012345"),
        ("00123", "34", "card:00123"),
        ("(212) 555-0123", "1", "phone:+12125550123"),
        ("1 212 555 0123", "1", "phone:+12125550123"),
        ("011 34 600123456", "1", "phone:+34600123456"),
        ("0171 1234567", "49", "phone:+491711234567"),
        ("+49 (0)171 1234567", "34", "phone:+491711234567"),
        ("020 7946 0958", "44", "phone:+442079460958"),
        ("6 12 34 56 78", "33", "phone:+33612345678"),
        ("55 1234 5678", "52", "phone:+525512345678"),
        ("06 12345678", "39", "phone:+390612345678"),
    ] {
        let read = Identifier::parse(text, code).map(|identifier| identifier.canonical());
        assert_eq!(read.as_deref(), Ok(expected), "{text} in {code}");
    }
}

/// One number in ten that is written with its prefix passes for a card by its digits alone.
#[test]
fn no_phone_is_refused_as_a_payment_card() {
    for last in 600_000_000..600_000_200_u32 {
        let kept = Identifier::Phone(format!("+34{last}"));
        assert_eq!(Identifier::parse(&format!("0034{last}"), "34"), Ok(kept), "{last}");
    }
    for last in 15_100_000_000..15_100_000_200_u64 {
        assert!(Identifier::parse(&format!("+49 {last}"), "34").is_ok(), "{last}");
        assert!(Identifier::phone(&format!("0{last}"), "49").is_ok(), "{last}");
    }
}

#[test]
fn read_aloud() {
    for (text, code, expected) in [
        ("+34600123456", "34", "600 123 456"),
        ("+34600123456", "49", "+34 600 123 456"),
        ("+12125550123", "1", "212 555 0123"),
        ("+998901234567", "34", "+998 901 234 567"),
        ("sol-00424", "34", "SOL00424"),
        ("700123456", "998", "700 123 456"),
        ("card:700123456", "34", "7001 23456"),
        ("Ana@Example.org", "34", "ana@example.org"),
    ] {
        assert_eq!(Identifier::parse(text, code).unwrap().grouped(code), expected, "{text}");
    }
}
