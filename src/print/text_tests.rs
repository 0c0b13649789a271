use chrono::{DateTime, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::domain::basket::{Basket, Discount, Line};
use crate::domain::language::Language;
use crate::domain::policy::TicketDetail;
use crate::domain::receipt::ReceiptMemory;
use crate::domain::sale::{Keep, Promise, Sale};
use crate::domain::settings::{ReceiptSettings, Store};
use crate::domain::tender::Payment;
use crate::domain::ticket::{Goods, TicketBody, TicketHash};

fn sale(detail: TicketDetail) -> Sale {
    let mut basket = Basket::default();
    let piece =
        |name: &str, department: &str, price, rate| Line::open(name, department, Money(price), TaxRate(rate));
    let milk =
        Line { quantity: Quantity::pieces(2).unwrap(), ..piece("Leche entera 1 L", "Lácteos", 115, 400) };
    let tomato = Line {
        unit: Unit::Kilogram,
        quantity: Quantity::grams(482).unwrap(),
        discount: Some(Discount::Amount(Money(60))),
        ..piece("Tomate rama", "Fruta y verdura", 249, 400)
    };
    let washer =
        piece("Lavadora Alba 8 kg de carga frontal con programa de lana", "Electrodomésticos", 38_900, 2100);
    for line in [milk, piece("Pan de centeno", "Panadería", 181, 520), tomato, washer] {
        basket.add(line).unwrap();
    }
    let mut payment = Payment::new(basket.priced().unwrap().total, 5);
    payment.add(Tender { kind: TenderKind::Card, amount: Money(20_000) }).unwrap();
    payment.add(Tender { kind: TenderKind::Cash, amount: Money(20_000) }).unwrap();
    let at = DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap();
    let promise = Promise {
        choice: "forget".into(),
        answered: true,
        keep: Keep::Nothing,
        until: Until::CustomerSaysSo,
        policy_version: 1,
    };
    Sale::freeze(at, &basket, &payment, promise, detail, "alimentación y hogar").unwrap()
}

fn ticket(sale: &Sale) -> Ticket {
    Ticket {
        issuer: Store::default().issuer(),
        number: 123,
        at: sale.at,
        total: sale.priced.total,
        tax_total: sale.priced.tax_total,
        body: sale.ticket_body(),
        previous: None,
        hash: TicketHash([0; 32]),
    }
}

fn receipt(detail: TicketDetail, kept: Option<Until>) -> Receipt {
    let sale = sale(detail);
    let memory = match kept {
        None => ReceiptMemory { choice: "Olvidar esta compra".into(), answered: true, kept: None },
        Some(until) => ReceiptMemory {
            choice: "Solo para garantía".into(),
            answered: true,
            kept: Some(KeptFor {
                purpose: "garantía, cambios y devoluciones".into(),
                until,
                renewed: false,
                profile: None,
            }),
        },
    };
    let after = "Queda la factura para Hacienda hasta el 23.11.2032.".to_owned();
    let code = Some("7K3MA-Q9XTR-0VBNE-4WZ2P-H6YCD-18".to_owned());
    Receipt::of_sale(&sale, ticket(&sale), memory, after, code)
}

fn guarantee() -> Option<Until> {
    Some(Until::Date(NaiveDate::from_ymd_opt(2029, 11, 23).unwrap()))
}

#[test]
fn receipts_in_every_language_and_width() {
    for language in Language::ALL {
        for columns in ReceiptSettings::COLUMNS {
            for (name, receipt) in [
                ("forgotten", receipt(TicketDetail::Shop, None)),
                ("guarantee", receipt(TicketDetail::Shop, guarantee())),
                ("names", receipt(TicketDetail::DepartmentNames, None)),
                ("departments", receipt(TicketDetail::Departments, None)),
                ("products", receipt(TicketDetail::Products, None)),
                ("products_remembered", receipt(TicketDetail::Products, Some(Until::CustomerSaysSo))),
            ] {
                let lines = render(&receipt, Locale::of(language), columns);
                insta::assert_snapshot!(format!("{name}_{}_{columns}", language.code()), lines.join("\n"));
            }
        }
    }
}

/// Where it went, by what it is found, and that another one keeps it for longer; not who.
#[test]
fn a_remembered_purchase_says_where_it_is() {
    for (language, found, until) in [
        (
            Language::Spanish,
            "En su perfil, que se encuentra con su teléfono",
            "Hasta: 23.11.2029, más si recordamos otra compra",
        ),
        (
            Language::English,
            "In your profile, found by your phone",
            "Until: 23 Nov 2029, longer if you have another purchase remembered",
        ),
    ] {
        let mut remembered = receipt(TicketDetail::Shop, guarantee());
        let kept = remembered.memory.kept.as_mut().unwrap();
        (kept.renewed, kept.profile) = (true, Some("phone".to_owned()));
        let said = |receipt: &Receipt| render(receipt, Locale::of(language), 32).join(" ");
        assert!(
            said(&remembered).contains(found) && said(&remembered).contains(until),
            "{}",
            said(&remembered)
        );
        assert!(!said(&receipt(TicketDetail::Shop, guarantee())).contains(found));
    }
}

#[test]
fn what_we_keep_is_the_ticket_to_the_letter() {
    for language in Language::ALL {
        for detail in TicketDetail::ALL {
            for columns in ReceiptSettings::COLUMNS {
                let receipt = receipt(detail, guarantee());
                let stored: TicketBody =
                    serde_json::from_str(&serde_json::to_string(&receipt.ticket.body).unwrap()).unwrap();
                let stored = Ticket { body: stored, ..receipt.ticket.clone() };
                let kept = render_ticket(&stored, Locale::of(language), columns);
                let shown = render(&receipt, Locale::of(language), columns);
                assert_eq!(shown[2..2 + kept.len()], kept);
            }
        }
    }
}

/// What stands under a heading, up to the rule or the blank line after its first rule.
fn under(lines: &[String], heading: &str) -> Option<String> {
    let at = lines.iter().position(|line| line == heading)?;
    let part = lines[at + 2..].iter().take_while(|line| !line.is_empty());
    Some(part.map(|line| format!("{line}\n")).collect())
}

/// What the ticket or the sealed purchase holds is not said to be on the paper alone.
#[test]
fn only_what_is_kept_nowhere_is_said_to_be_on_the_paper_alone() {
    let spanish = |receipt: &Receipt| render(receipt, Locale::of(Language::Spanish), 42);
    for detail in TicketDetail::ALL {
        for kept in [None, guarantee()] {
            let receipt = receipt(detail, kept);
            let part = under(&spanish(&receipt), "SOLO EN ESTE PAPEL").unwrap();
            assert!(!part.contains("tarjeta") && !part.contains("se guardan"), "{part}");
            let lines = kept.is_none() && detail != TicketDetail::Products;
            assert_eq!(part.contains("Leche entera"), lines, "{part}");
            assert!(part.contains("Cambio") && part.contains("6,30"), "{part}");

            let exact = Receipt { change: Money::ZERO, ..receipt };
            let part = under(&spanish(&exact), "SOLO EN ESTE PAPEL");
            assert_eq!(part.is_some(), kept.is_none(), "{part:?}: what was paid exactly is on the ticket");
            assert!(part.is_none_or(|part| !part.contains("Entregado") && !part.contains("Cambio")));
        }
    }
}

#[test]
fn nobody_is_said_to_have_chosen_who_did_not_answer() {
    let mut receipt = receipt(TicketDetail::Shop, None);
    receipt.memory.answered = false;
    let lines = render(&receipt, Locale::of(Language::Spanish), 42);
    assert!(lines.contains(&"Sin respuesta, así que: Olvidar esta".to_owned()), "{lines:?}");
    assert!(!lines.concat().contains("Su elección"));
}

#[test]
fn nothing_bought_is_in_the_part_that_the_store_keeps() {
    let receipt = receipt(TicketDetail::Shop, None);
    for columns in ReceiptSettings::COLUMNS {
        let kept = render_ticket(&receipt.ticket, Locale::of(Language::Spanish), columns).join("\n");
        for word in ["Leche", "Pan ", "Tomate", "Lavadora", "0,482", "Lácteos", "Electrodomésticos"] {
            assert!(!kept.contains(word), "{word} in\n{kept}");
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "\\PC{0,250}", "[ \\n\\t\\u{1b}\\u{202e}日a-z]{0,250}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_line_overflows_the_paper(
        names in prop::collection::vec(any_text(), 1..6),
        amount in -10_000_000_000i64..=10_000_000_000,
        quantity in 1i64..=100_000_000,
        code in any_text(),
        detail in prop::sample::select(TicketDetail::ALL.to_vec()),
        kept in any::<bool>(),
    ) {
        let name = |index: usize| names[index % names.len()].clone();
        let mut receipt = receipt(detail, guarantee().filter(|_| kept));
        receipt.code = Some(code);
        receipt.after = name(3);
        receipt.memory.choice = name(4);
        if let Some(kept) = &mut receipt.memory.kept {
            kept.purpose = name(5);
        }
        receipt.ticket.issuer.name = name(0);
        receipt.ticket.total = Money(amount);
        let body = &mut receipt.ticket.body;
        let rate = Some(TaxRate(525)).filter(|_| kept);
        body.goods.push(Goods { kind: name(1), rate, amount: Money(amount) });
        body.taxes.push(TaxAmount { rate: TaxRate(10_000), base: Money(amount), tax: Money(amount) });
        for product in &mut body.products {
            (product.name, product.quantity) = (name(2), Quantity::grams(quantity).unwrap());
        }
        for line in &mut receipt.lines {
            (line.name, line.quantity, line.gross) = (name(2), Quantity::grams(quantity).unwrap(), Money(amount));
        }
        for language in Language::ALL {
            for columns in ReceiptSettings::COLUMNS {
                for line in render(&receipt, Locale::of(language), columns) {
                    prop_assert!(width(&line) <= usize::from(columns), "{columns}: {line:?}");
                    prop_assert!(!line.contains(char::is_control), "{line:?}");
                }
            }
        }
    }
}
