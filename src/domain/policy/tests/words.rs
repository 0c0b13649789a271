//! What a customer reads: each card by itself, the whole notice, and what steers.

use super::*;

/// Card texts are read once, standing: sentences under twelve words, no praise, room for all.
#[test]
fn cards_are_short_and_plain() {
    for detail in TicketDetail::ALL {
        let policy = Policy { ticket_detail: detail, ..Policy::shipped() };
        for language in Language::ALL {
            let notice = policy.notice(language, day(2026, 11, 23));
            for card in &notice.cards {
                let parts = [(&card.keeps, 8), (&card.purposes, 2), (&card.until, 4)];
                let lines =
                    parts.iter().flat_map(|(lines, _)| lines.iter()).chain([&card.title, &card.after]);
                for text in lines {
                    assert!(!text.contains(['!', '¡', '{', '}']), "{text}");
                    is_short(text);
                }
                assert_eq!(rows_of(&card.title, 22), 1);
                for (lines, rows) in parts {
                    let taken: usize = lines.iter().map(|text| rows_of(text, 22)).sum();
                    assert!(taken <= rows, "{lines:?}: {taken} rows");
                }
            }
        }
    }
}

/// Sentences under twelve words.
#[track_caller]
fn is_short(text: &str) {
    for sentence in text.split_inclusive(['.', ':', ';']) {
        assert!(sentence.split_whitespace().count() < 12, "{sentence}");
    }
}

/// Rows of a text in a column of so many characters.
fn rows_of(text: &str, width: usize) -> usize {
    let (mut rows, mut column) = (1, 0);
    for word in text.split(' ').map(|word| word.chars().count()) {
        if column > 0 && column + 1 + word > width {
            rows += 1;
            column = 0;
        }
        column += word + usize::from(column > 0);
    }
    rows
}

/// Whoever reads one card knows what stays and until when, without another: security review M1.
#[test]
fn each_card_can_be_read_alone() {
    // A store may keep its counts for less time than its tickets.
    let mut policy = Policy::shipped();
    policy.classes.get_mut(&DataClass::Counters).unwrap().term = Term::Years(5);
    for (language, ticket, counted, items) in [
        (Language::Spanish, "23.11.2032", "23.11.2031", "23.11.2029"),
        (Language::English, "23 Nov 2032", "23 Nov 2031", "23 Nov 2029"),
    ] {
        let (time, counts, same) = match language {
            Language::Spanish => (
                ["fecha", "hora", "importes por IVA", "forma de pago"],
                ["mezclados", "elecciones por día"],
                "lo mismo",
            ),
            Language::English => {
                (["date", "time", "by tax rate", "kind of payment"], ["mixed", "choices by day"], "the same")
            }
        };
        for card in policy.notice(language, day(2026, 11, 23)).cards {
            for part in time {
                assert!(card.keeps[0].contains(part), "{part}: {:?}", card.keeps);
            }
            assert!(counts.iter().all(|part| card.keeps[1].contains(part)), "{:?}", card.keeps);
            assert!(!card.keeps.concat().contains(same));
            let (own, [of_ticket, of_counts]) = card.until.split_at(card.until.len() - 2) else { panic!() };
            assert!(of_ticket.contains(ticket) && of_counts.contains(counted), "{:?}", card.until);
            assert!(card.after.contains(ticket) && card.after.contains(counted), "{}", card.after);
            assert!(own.iter().all(|own| own.contains(items) && card.after.contains(items)), "{own:?}");
            assert_eq!(own.len(), if card.choice == "forget" { 0 } else { 1 });
        }
    }
}

/// What GDPR, article 13, wants to be told, each in its place, and short where it is read standing.
#[test]
fn the_notice_tells_what_article_13_asks() {
    let store = crate::domain::settings::Store { name: "Sol y Mar".to_owned(), ..Default::default() };
    for language in Language::ALL {
        let notice = Policy::shipped().full_notice(language, day(2026, 11, 23), Some(&store));
        let words = &Policy::shipped().words[&language];
        let all: String =
            notice.sections.iter().flat_map(|s| &s.paragraphs).map(|p| format!("{p}\n")).collect();
        let (tax_office, bank, hub, month) = match language {
            Language::Spanish => ("Hacienda", "bancos", "central", "un mes"),
            Language::English => ("tax office", "banks", "hub", "a month"),
        };
        for told in ["Sol y Mar", "B12345674", "www.aepd.es", tax_office, bank, hub, month, "32", "1600"] {
            assert!(all.contains(told), "{told}: {all}");
        }
        assert!(!all.contains(['{', '}']), "{all}");
        for section in [&words.answer, &words.controller, &words.who, &words.copies, &words.rights] {
            section.paragraphs.iter().for_each(|paragraph| is_short(paragraph));
        }
    }
    let unfilled = Policy::shipped().full_notice(Language::English, day(2026, 11, 23), None);
    assert!(unfilled.sections.iter().any(|section| section.paragraphs[0] == "{store}, tax id {tax-id}."));
}

#[test]
fn a_policy_without_a_controller_is_refused() {
    let (start, end) = (SHIPPED.find("[controller]").unwrap(), SHIPPED.find("[class.ticket]").unwrap());
    let errors = Policy::parse(&format!("{}{}", &SHIPPED[..start], &SHIPPED[end..])).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((errors[0].key.as_str(), &errors[0].kind), ("controller", &Kind::Missing));
}

/// Where the ticket lists every article, no card may say that none is kept.
#[test]
fn what_the_ticket_keeps_is_not_denied() {
    let at = |detail: &str| {
        let text = SHIPPED.replacen("ticket-detail = \"shop\"", &format!("ticket-detail = \"{detail}\""), 1);
        let denied =
            warnings(&text).into_iter().filter(|w| matches!(w.kind, PolicyWarningKind::Denies { .. }));
        denied.map(|warning| warning.key).collect::<Vec<_>>()
    };
    for detail in ["shop", "department-names", "departments"] {
        assert_eq!(at(detail), Vec::<String>::new(), "{detail}");
    }
    let keys =
        ["es.keeps", "es.after", "en.keeps", "en.after"].map(|key| format!("choice.forget.text.{key}"));
    assert_eq!(at("products"), keys);
}

/// A program cannot judge words; it points at those that steer. The shipped file has none.
#[test]
fn what_steers_is_pointed_at() {
    use PolicyWarningKind::*;
    assert_eq!(warnings(SHIPPED), []);
    let word = |word: &str| Word { word: word.to_owned() };
    let capitals = |word: &str| Capitals { word: word.to_owned() };
    for (from, to, key, kind) in [
        ("Olvidar esta compra", "Perder mi garantía", "choice.forget.text.es.title", word("perder")),
        ("Forget this purchase", "Lose my guarantee", "choice.forget.text.en.title", word("lose")),
        ("neither your items", "no guarantee", "choice.forget.text.en.keeps", word("no guarantee")),
        ("Recordarla para mí", "Recordar: es mejor", "choice.remember.text.es.title", word("mejor")),
        ("See my purchases", "See my free gifts", "purpose.history.text.en", word("free")),
        ("name = \"{store}\"", "name = \"Nobody\"", "controller.name", Nobody { word: "Nobody".to_owned() }),
        (
            "Remember it for me",
            "Forget it for me",
            "choice.remember.text.en.title",
            Denies { word: "Forget".to_owned() },
        ),
        (
            "su perfil, con sus artículos",
            "no guardamos nada, ni su perfil",
            "choice.remember.text.es.keeps",
            word("nada"),
        ),
        (
            "neither your items nor your name\"",
            "nothing at all\"",
            "choice.forget.text.en.keeps",
            word("nothing"),
        ),
        (
            "ni sus artículos ni su nombre\"",
            "sin pruebas\"",
            "choice.forget.text.es.keeps",
            word("sin pruebas"),
        ),
        ("tax and stock", "we never know", "choice.forget.text.en.purpose", word("never")),
        ("impuestos y almacén", "NO HAY GARANTÍA", "choice.forget.text.es.purpose", word("no hay garantia")),
        ("impuestos y almacén", "más simple", "choice.forget.text.es.purpose", word("simple")),
        ("tax and stock", "without refunds", "choice.forget.text.en.purpose", word("without refunds")),
        ("Forget this purchase", "Throw it away", "choice.forget.text.en.title", word("throw")),
        ("Offers based on my purchases", "Lower price for me", "purpose.offers.text.en", word("price")),
        ("Ofertas según mis compras", "Vale de 5 euros", "purpose.offers.text.es", word("vale")),
        ("Offers based on my purchases", "5 % on my purchases", "purpose.offers.text.en", Sign { sign: '%' }),
        (
            "your profile, with your items in it",
            "as a member",
            "choice.remember.text.en.keeps",
            word("member"),
        ),
        (
            "your profile, with your items in it",
            "quicker next time",
            "choice.remember.text.en.keeps",
            word("quicker"),
        ),
        ("No program decides", "A voucher. No program decides", "notice.en.answer.text", word("voucher")),
        ("What should we remember", "Please, what should we remember", "notice.en.question", word("please")),
        ("What should we remember", "Shall we remember", "notice.en.question", Leading),
        ("¿Qué quiere que recordemos", "¿Quiere que recordemos algo", "notice.es.question", Leading),
        ("What should we remember of", "Press 3 or what of", "notice.en.question", Number { number: '3' }),
        ("Recordarla para mí", "3 Recordarla", "choice.remember.text.es.title", Number { number: '3' }),
        ("Remember it for me", "Remember it ★", "choice.remember.text.en.title", Sign { sign: '★' }),
        ("Recordarla para mí", "«Recordarla»", "choice.remember.text.es.title", Sign { sign: '«' }),
        ("Si no elige: «{choice}»", "Si no elige: ««{choice}»", "notice.es.default", Sign { sign: '«' }),
        ("choose: “{choice}”", "choose “{choice}” we keep it", "notice.en.default", word("keep")),
        (
            "Usted lo elige, y puede",
            "Gracias. Usted lo elige, y puede",
            "class.profile.text.es.law",
            word("gracias"),
        ),
        (
            "your items, which",
            "your it\u{435}ms, which",
            "choice.guarantee.text.en.keeps",
            ForeignLetters { word: "it\u{435}ms".to_owned() },
        ),
        ("What should we", "Hello! What should we", "notice.en.question", Exclamation),
        ("Olvidar esta compra", "OLVIDAR esta compra", "choice.forget.text.es.title", capitals("OLVIDAR")),
        (
            "Remember it for me",
            "Continue",
            "choice.forget.text.en.title",
            Uneven { longest: "Forget this purchase".len(), shortest: "Continue".len() },
        ),
        ("term = { years = 6 }", "term = { years = 8 }", "class.ticket.term", LongTerm),
        ("backup-days = 30", "backup-days = 400", "backup-days", LongBackups { days: 400 }),
    ] {
        let (text, line) = edited(from, 0, to);
        let found = warnings(&text);
        assert!(found.iter().any(|w| w.key == key && w.kind == kind), "{to}: {found:?}");
        let same_line = matches!(kind, Uneven { .. }) || found.iter().any(|w| w.line == line);
        assert!(same_line, "{to}: {found:?}");
    }
    assert_eq!(warnings("format = 3"), [], "what is refused is not judged");
    // Letters and their accents may be written apart.
    use unicode_normalization::UnicodeNormalization;
    assert_eq!(warnings(&SHIPPED.nfd().collect::<String>()), []);
}
