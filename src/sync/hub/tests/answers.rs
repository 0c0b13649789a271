//! What the hub answers for each record.

use super::*;

on_both! {
    tickets_are_taken_once_whatever_the_pieces
    other_bytes_are_a_conflict_and_both_are_kept
    a_ticket_that_does_not_continue_the_chain_is_flagged_once
    tickets_past_their_term_leave_their_place
    a_run_that_the_till_did_not_sign_is_refused
    choices_are_counted_by_day
    two_uploads_at_once_leave_one_of_each
}

fn tickets_are_taken_once_whatever_the_pieces(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(10);
    for (first, count, expected) in [
        (2, 3, "a gap: send from 1"),
        (1, 3, "1-3 created; 3"),
        (1, 3, "1-3 exists; 3"),
        (3, 3, "3 exists, 4-5 created; 5"),
        (2, 2, "2-3 exists; 5"),
        (7, 1, "a gap: send from 6"),
        (6, 0, "; 5"),
        (1, 10, "1-5 exists, 6-10 created; 10"),
        (1, 10, "1-10 exists; 10"),
        (10, 1, "10 exists; 10"),
    ] {
        assert_eq!(said(&till.send_tickets(&hub, first, count)), expected, "{first}+{count}");
    }
    assert_eq!(count(&hub, "SELECT count(*) FROM record"), 10);
    assert_eq!(count(&hub, "SELECT CAST(sum(sales) AS BIGINT) FROM day_sum"), 10);
    assert_eq!(count(&hub, "SELECT CAST(sum(total) AS BIGINT) FROM day_sum"), 1045);
    assert_eq!(count(&hub, "SELECT CAST(sum(base + tax) AS BIGINT) FROM day_tax"), 1045);
}

fn other_bytes_are_a_conflict_and_both_are_kept(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(3);
    till.send_tickets(&hub, 1, 3).unwrap();
    // A clone of its disk sold something else.
    till.tickets.truncate(1);
    till.chain = Some(hash_of(&till.tickets[0]));
    let other = till.sell(999);
    till.sell(5);
    till.sell(6);
    for _ in 0..2 {
        assert_eq!(said(&till.send_tickets(&hub, 1, 4)), "1 exists, 2 conflict; 3");
    }
    assert_eq!(count(&hub, "SELECT count(*) FROM record"), 3);
    let kept = hub.database().read(|tx| Ok(tx.query("SELECT idx, body FROM conflict", &[])?)).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].int(0).unwrap(), kept[0].text(1).unwrap()), (2, other.as_str()));
    assert_eq!(hub.devices("S").unwrap()[0].conflicts, 1);
}

fn hash_of(body: &str) -> TicketHash {
    let body: TicketBody1<'_> = serde_json::from_str(body).unwrap();
    TicketHash(body.hash.0)
}

/// A record that breaks a rule is taken and flagged, and those beside it are not touched by it.
#[test]
fn one_bad_ticket_delays_no_other() {
    type Change = fn(&mut serde_json::Value);
    let changes: [(&str, Change); 10] = [
        ("UnknownVersion", |body| body["v"] = 2.into()),
        ("Unreadable", |body| body["total"] = "much".into()),
        ("Unreadable", |body| body["at"] = "yesterday".into()),
        ("Unreadable", |body| *body = serde_json::json!([1, 2])),
        ("Unreadable", |body| body["issuer"]["currency"] = "XXX".into()),
        ("WrongNumber", |body| body["number"] = 7.into()),
        ("WrongHash", |body| body["hash"] = "00".repeat(32).into()),
        ("WrongHash", |body| body["total"] = 1.into()),
        ("DoesNotAddUp", |body| body["body"]["departments"][0]["amount"] = 1.into()),
        ("DoesNotAddUp", |body| body["body"]["taxes"][0]["base"] = i64::MAX.into()),
    ];
    for (reason, change) in changes {
        let place = Place::new();
        let hub = place.open();
        let mut till = Till::enrol(&hub, "S");
        till.sell_many(3);
        let mut body: serde_json::Value = serde_json::from_str(&till.tickets[1]).unwrap();
        change(&mut body);
        till.tickets[1] = body.to_string();
        let answer = said(&till.send_tickets(&hub, 1, 3));
        // A hash that is not the ticket's is not what the next ticket names either.
        let breaks_chain = till.tickets[1].contains(&"00".repeat(32));
        let third = if breaks_chain { "3 quarantined BrokenChain" } else { "3 created" };
        assert_eq!(answer, format!("1 created, 2 quarantined {reason}, {third}; 3"));
        let sums = if breaks_chain { 100 } else { 202 };
        assert_eq!(count(&hub, "SELECT CAST(sum(total) AS BIGINT) FROM day_sum"), sums, "{reason}");
        // Once more it is answered the same.
        let again = answer.replace("created", "exists");
        assert_eq!(said(&till.send_tickets(&hub, 1, 3)), again);
    }
}

fn a_ticket_that_does_not_continue_the_chain_is_flagged_once(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(2);
    till.chain = Some(TicketHash([9; 32]));
    till.sell_many(2);
    assert_eq!(said(&till.send_tickets(&hub, 1, 2)), "1-2 created; 2");
    assert_eq!(said(&till.send_tickets(&hub, 3, 2)), "3 quarantined BrokenChain, 4 created; 4");
    let mut other = Till::enrol(&hub, "S");
    other.chain = Some(TicketHash([9; 32]));
    other.sell(1);
    assert_eq!(said(&other.send_tickets(&hub, 1, 1)), "1 quarantined BrokenChain; 1");
}

fn tickets_past_their_term_leave_their_place(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(3);
    let third = till.tickets[2].clone();
    let bodies = [None, None, Some(third.as_str())];
    assert_eq!(said(&till.send(&hub, Series::Ticket, 1, &bodies)), "1-2 erased, 3 created; 3");
    assert_eq!(said(&till.send(&hub, Series::Ticket, 1, &bodies)), "1-2 erased, 3 exists; 3");
    // One of a clone's disk: nothing says that it is the same sale.
    assert_eq!(said(&till.send_tickets(&hub, 1, 3)), "1 conflict; 3");
    // What the hub has it keeps.
    assert_eq!(said(&till.send(&hub, Series::Ticket, 3, &[None])), "3 exists; 3");
    assert_eq!(count(&hub, "SELECT count(*) FROM record WHERE body IS NOT NULL"), 1);
}

fn a_run_that_the_till_did_not_sign_is_refused(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(2);
    let good = || till.run(1, 2);
    let refused = |upload: &Upload, series| {
        let answer = hub.upload(&till.caller, series, upload, now());
        assert!(matches!(answer, Err(HubError::Unauthorized)), "{answer:?}");
    };
    let mut upload = good();
    upload.records.pop();
    refused(&upload, Series::Ticket);
    let mut upload = good();
    upload.records[1] = None;
    refused(&upload, Series::Ticket);
    let mut upload = good();
    upload.signature.0[3] ^= 1;
    refused(&upload, Series::Ticket);
    refused(&good(), Series::Count);
    let mut upload = good();
    upload.first = 2;
    refused(&upload, Series::Ticket);
    upload.signature.0.pop();
    let answer = hub.upload(&till.caller, Series::Ticket, &upload, now());
    assert!(matches!(answer, Err(HubError::Invalid("signature"))));
    assert_eq!(count(&hub, "SELECT count(*) FROM record"), 0);
    hub.upload(&till.caller, Series::Ticket, &good(), now()).unwrap();
}

#[test]
fn no_run_asks_for_too_much() {
    let place = Place::new();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let many = vec![Some("1"); RUN_RECORDS_MAX + 1];
    assert!(matches!(till.send(&hub, Series::Count, 1, &many), Err(HubError::TooLarge("records"))));
    let long = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX));
    assert!(matches!(till.send(&hub, Series::Count, 1, &[Some(&long)]), Err(HubError::TooLarge("record"))));
    for first in [0, u64::MAX, i64::MAX as u64] {
        assert!(matches!(
            till.send(&hub, Series::Count, first, &[Some("1")]),
            Err(HubError::Invalid("first"))
        ));
    }
}

fn choices_are_counted_by_day(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let body = |choices: &str| format!(r#"{{"v":1,"day":"2026-03-02","choices":{{{choices}}}}}"#);
    let (one, two) = (body(r#""forget":20,"_unanswered":12"#), body(r#""forget":2"#));
    let bad = [
        body(r#""forget":-1"#),
        body(r#""forget":9999999999"#),
        body(r#""for get":1"#),
        body(r#""_any":1"#),
        "{}".to_owned(),
        r#"{"v":3}"#.to_owned(),
    ];
    let bodies: Vec<Option<&str>> = [&one, &two].into_iter().chain(&bad).map(|b| Some(b.as_str())).collect();
    let expected = "1-2 created, 3-7 quarantined Unreadable, 8 quarantined UnknownVersion; 8";
    assert_eq!(said(&till.send(&hub, Series::Count, 1, &bodies)), expected);
    let sums = "SELECT sales FROM day_choice WHERE choice = 'forget'";
    assert_eq!(count(&hub, sums), 22);
    let replay = expected.replace("created", "exists");
    assert_eq!(said(&till.send(&hub, Series::Count, 1, &bodies)), replay);
    assert_eq!(count(&hub, sums), 22);
}

fn two_uploads_at_once_leave_one_of_each(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(200);
    let lines: Vec<String> = (0..60).map(|n| purchase(id(n), "leche", None)).collect();
    std::thread::scope(|scope| {
        for piece in [7, 11, 13, 20] {
            let (hub, till, lines) = (&hub, &till, &lines);
            scope.spawn(move || {
                for series in [Series::Ticket, Series::Purchase] {
                    let all = if series == Series::Ticket { 200 } else { 60 };
                    let mut first = 1;
                    while first <= all {
                        let count = piece.min(all + 1 - first);
                        let upload = match series {
                            Series::Ticket => till.run(first as u64, count),
                            _ => {
                                let some = &lines[first - 1..first - 1 + count];
                                let bodies: Vec<_> = some.iter().map(|body| Some(body.as_str())).collect();
                                till.signed(series, first as u64, &bodies)
                            }
                        };
                        let answer = hub.upload(&till.caller, series, &upload, now()).unwrap();
                        let wrong =
                            |run: &&RunAnswer| !matches!(run.answer, Answer::Created | Answer::Exists);
                        assert_eq!(answer.answers.iter().find(wrong), None);
                        first = answer.durable_through as usize + 1;
                    }
                }
            });
        }
    });
    assert_eq!(count(&hub, "SELECT count(*) FROM record WHERE series = 'ticket'"), 200);
    assert_eq!(count(&hub, "SELECT CAST(sum(sales) AS BIGINT) FROM day_sum"), 200);
    assert_eq!(count(&hub, "SELECT count(*) FROM purchase"), 60);
    assert_eq!(live_keys(&hub), 60);
}
