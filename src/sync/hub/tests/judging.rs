//! The hub's own reading of a ticket says what the till's says.

use proptest::prelude::*;

use super::*;
use crate::domain::quantity::{Quantity, Unit};
use crate::domain::ticket::TicketLine;
use crate::sync::hub::judge;

fn any_ticket() -> impl Strategy<Value = Ticket> {
    let issuer =
        ("\\PC{0,12}", " ?\\PC{0,9} ?", " ?[A-Z0-9/-]{0,6}", prop::sample::select(vec!["EUR", "JPY", "CHF"]))
            .prop_map(|(name, tax_id, series, currency)| Issuer {
                name,
                tax_id,
                series,
                currency: Currency::from_code(currency).unwrap(),
            });
    let amount = -20_000_000_000i64..20_000_000_000;
    let part = (any::<u16>(), prop_oneof![Just(0i64), -5000i64..90_000, amount.clone()]);
    let numbers = (1u64..2_000_000_000, 0i64..4_000_000_000, -50_400i32..50_400, any::<Option<[u8; 32]>>());
    (issuer, numbers, prop::collection::vec(part, 0..5), any::<bool>(), -4i64..5).prop_map(
        |(issuer, (number, seconds, offset, previous), parts, with_products, rounding)| {
            let offset = FixedOffset::east_opt(offset / 60 * 60).unwrap();
            let total: i64 = parts.iter().map(|part| part.1).sum();
            let mut ticket =
                ticket(&issuer, number, now().with_timezone(&offset), 0, previous.map(TicketHash));
            ticket.at = DateTime::from_timestamp(seconds, 0).unwrap().with_timezone(&offset);
            ticket.total = Money(total);
            ticket.body.goods = parts
                .iter()
                .map(|(rate, amount)| Goods {
                    kind: "Pan \"y\" más\n".to_owned(),
                    rate: Some(TaxRate(*rate)).filter(|_| with_products),
                    amount: Money(*amount),
                })
                .collect();
            if with_products {
                ticket.body.products = vec![TicketLine {
                    name: "Pan".to_owned(),
                    unit: Unit::Piece,
                    quantity: Quantity::ONE,
                    rate: TaxRate(1000),
                    amount: Money(total),
                }];
            }
            ticket.body.taxes = parts
                .iter()
                .map(|(rate, amount)| {
                    let tax = TaxRate(*rate).contained_in(Money(*amount)).unwrap();
                    TaxAmount { rate: TaxRate(*rate), base: Money(amount - tax.0), tax }
                })
                .collect();
            ticket.tax_total = Money(ticket.body.taxes.iter().map(|tax| tax.tax.0).sum());
            ticket.body.rounding = Money(rounding);
            ticket.body.tenders = vec![Tender { kind: TenderKind::Card, amount: Money(total + rounding) }];
            ticket.hash = ticket.expected_hash();
            ticket
        },
    )
}

/// Whether the hub sums it: no amount beyond any basket's.
fn is_small(ticket: &Ticket) -> bool {
    let body = &ticket.body;
    let taxes = body.taxes.iter().flat_map(|tax| [tax.base, tax.tax]);
    let parts = body.goods.iter().map(|part| part.amount).chain(taxes);
    let mut all = parts.chain(body.tenders.iter().map(|tender| tender.amount)).chain([ticket.total]);
    all.all(|amount| amount.0.abs() <= 10_000_000_000)
}

proptest! {
    #[test]
    fn a_sound_ticket_is_sound_here(ticket in any_ticket()) {
        prop_assert!(ticket.adds_up());
        let body = travelling(&ticket);
        let judged = judge::ticket(&body, ticket.number);
        let expected = (!is_small(&ticket)).then_some(Flag::DoesNotAddUp);
        prop_assert_eq!(judged.flag, expected, "{}", body);
        prop_assert_eq!(judged.series.as_deref(), Some(ticket.issuer.series.as_str()));
        prop_assert_eq!(judged.hash, Some(ticket.hash.0));
        prop_assert_eq!(judged.previous, ticket.previous.map(|hash| hash.0));
        prop_assert_eq!(judged.day, i64::from(ticket.day().to_epoch_days()));
        prop_assert_eq!(judged.total, ticket.total.0);
        prop_assert_eq!(judged.currency.as_slice(), ticket.issuer.currency.code.as_bytes());
    }

    #[test]
    fn an_unsound_one_is_not(mut ticket in any_ticket(), which in 0..6, by in prop_oneof![-9i64..0, 1i64..10]) {
        let changed = |amount: &mut Money| amount.0 += by;
        match which {
            0 => changed(&mut ticket.body.tenders[0].amount),
            1 => changed(&mut ticket.body.rounding),
            2 => ticket.body.goods.iter_mut().take(1).for_each(|part| changed(&mut part.amount)),
            3 => ticket.body.taxes.iter_mut().take(1).for_each(|tax| changed(&mut tax.base)),
            4 => ticket.body.products.iter_mut().for_each(|line| changed(&mut line.amount)),
            _ => changed(&mut ticket.tax_total),
        }
        ticket.hash = ticket.expected_hash();
        let judged = judge::ticket(&travelling(&ticket), ticket.number).flag;
        let expected = !ticket.adds_up() || !is_small(&ticket);
        prop_assert_eq!(judged, expected.then_some(Flag::DoesNotAddUp));
    }

    #[test]
    fn nothing_panics(mut body in "\\PC{0,60}|\\{(\"(v|number|at|total|body|issuer|id|day|choices)\":[0-9\\[\\]{}\",:a-z-]{0,9},?){0,9}\\}", at in 0usize..900, put in "\\PC{0,3}") {
        let _ = (judge::ticket(&body, 1), judge::ticket_series(&body));
        let _ = (judge::count(&body).is_ok(), judge::forget(&body).is_ok(), judge::purchase(&body).is_ok());
        let issuer = Issuer { name: "á".into(), tax_id: "1".into(), series: "A".into(), currency: Currency::from_code("EUR").unwrap() };
        body = travelling(&ticket(&issuer, 1, now().into(), 100, None));
        let at = (0..=at.min(body.len())).rev().find(|at| body.is_char_boundary(*at)).unwrap();
        body.insert_str(at, &put);
        let _ = judge::ticket(&body, 1);
    }
}

#[test]
fn a_time_is_hashed_as_a_till_writes_it() {
    let issuer = Issuer {
        name: String::new(),
        tax_id: String::new(),
        series: "A".to_owned(),
        currency: Currency::from_code("EUR").unwrap(),
    };
    let at = DateTime::parse_from_rfc3339("2026-03-02T23:30:00+00:00").unwrap();
    let body = travelling(&ticket(&issuer, 1, at, 100, None));
    for (text, flag) in [
        ("2026-03-02T23:30:00+00:00", None),
        ("2026-03-02T23:30:00Z", None),
        ("2026-03-02T23:30:00.00000Z", None),
        ("2026-03-02 23:30:00+00:00", None),
        ("2026-03-02T23:30:01+00:00", Some(Flag::WrongHash)),
        ("2026-03-03T00:30:00+01:00", Some(Flag::WrongHash)),
        ("2026-02-30T23:30:00+00:00", Some(Flag::Unreadable)),
        ("2026-03-02T23:30:00", Some(Flag::Unreadable)),
    ] {
        let other = body.replace("2026-03-02T23:30:00+00:00", text);
        assert_eq!(judge::ticket(&other, 1).flag, flag, "{text}");
    }
}
