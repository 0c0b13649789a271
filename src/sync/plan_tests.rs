use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::sync::wire::{Hex, RunAnswer};

const HUB: [u8; 16] = [1; 16];

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn of(ticket: u64, count: u64, purchase: u64, forget: u64) -> PerSeries<u64> {
    PerSeries([ticket, count, purchase, forget])
}

fn known(last: PerSeries<u64>) -> Known {
    Known { last, unconfirmed: 0 }
}

fn plan(durable: PerSeries<u64>) -> Plan {
    Plan::new(Start { state: HubState::Active, incarnation: HUB, durable, cursor: 7 })
}

fn session(through: PerSeries<u64>) -> SessionAnswer {
    SessionAnswer {
        token: "t".into(),
        expires_in_seconds: 600,
        incarnation: Hex(HUB),
        durable_through: Series::ALL.into_iter().map(|series| (series, through[series])).collect(),
        replay_forgets: false,
    }
}

fn answered(first: u64, last: u64, answer: Answer, durable_through: u64) -> UploadAnswer {
    let answers = if first > last { vec![] } else { vec![RunAnswer { first, last, answer, reason: None }] };
    UploadAnswer { answers, durable_through }
}

fn refused(status: u16, error: &str, retry_after: Option<u64>) -> ClientError {
    ClientError::Refused { status, error: error.into(), retry_after }
}

fn unreachable() -> ClientError {
    ClientError::Unreachable("cut".into())
}

/// A plan with a session, in which the feed was looked at.
fn opened(durable: PerSeries<u64>, known: &Known) -> Plan {
    let mut plan = plan(durable);
    assert_eq!(plan.next(known, ms(0)), Step::Session);
    assert_eq!(plan.ended(Outcome::Session(&session(durable)), known, ms(0), 0), []);
    plan.ended(Outcome::Fed { next: 7, more: false, changed: false }, known, ms(0), 0);
    plan
}

/// What follows, as one word each, when everything is answered well.
fn told(plan: &mut Plan, known: &Known, now: Duration, steps: usize) -> String {
    let mut words = Vec::new();
    for _ in 0..steps {
        let step = plan.next(known, now);
        words.push(match step {
            Step::Session => "session".to_owned(),
            Step::Upload { series, after, most } => format!("{series}>{after}x{most}"),
            Step::AskForgets => "ask".to_owned(),
            Step::Feed { after, wait_seconds } => format!("feed>{after}/{wait_seconds}"),
            Step::Wait { until } => format!("wait {:?}", until.map(|until| until.as_millis())),
            Step::Stop(state) => format!("stop {state:?}"),
        });
        succeed(plan, step, known, now);
    }
    words.join(" ")
}

fn succeed(plan: &mut Plan, step: Step, known: &Known, now: Duration) {
    match step {
        Step::Session => {
            let answer = session(PerSeries::of::<()>(|series| Ok(plan.durable(series))).unwrap());
            plan.ended(Outcome::Session(&answer), known, now, 0);
        }
        Step::Upload { series, after, most } => {
            let last = known.last[series].min(after + most as u64);
            let answer = answered(after + 1, last, Answer::Created, last);
            plan.ended(Outcome::Uploaded { series, last, answer: &answer }, known, now, 0);
        }
        Step::AskForgets => {
            plan.ended(Outcome::Asked { news: false }, known, now, 0);
        }
        Step::Feed { after, .. } => {
            plan.ended(Outcome::Fed { next: after, more: false, changed: false }, known, now, 0);
        }
        Step::Wait { .. } | Step::Stop(_) => {}
    }
}

#[test]
fn forgets_go_first_and_the_others_in_turns() {
    let mut known = known(of(3000, 1, 2000, 5));
    known.unconfirmed = 2;
    let mut plan = plan(of(0, 0, 0, 0));
    let expected = "session forget>0x1000 feed>7/0 ask purchase>0x1000 ticket>0x1000 count>0x1000 \
                    purchase>1000x1000 ticket>1000x1000 ticket>2000x1000 feed>7/50";
    assert_eq!(told(&mut plan, &known, ms(0), 11), expected);
    assert!(plan.is_done(&known));
    assert_eq!(plan.waiting(&known), 0);
}

#[test]
fn nothing_waits_then_a_long_poll_and_only_one() {
    let known = known(of(4, 0, 0, 0));
    let mut plan = opened(of(4, 0, 0, 0), &known);
    let poll = Step::Feed { after: 7, wait_seconds: WAIT_SECONDS_MAX };
    assert_eq!(plan.next(&known, ms(10)), poll);
    plan.begin(poll, ms(10));
    assert_eq!(plan.next(&known, ms(10)), Step::Wait { until: Some(ms(450_000)) });

    // A sale goes up beside the poll.
    let sold = super::tests::known(of(5, 0, 0, 0));
    let upload = Step::Upload { series: Series::Ticket, after: 4, most: RUN_RECORDS_MAX };
    assert_eq!(plan.next(&sold, ms(20)), upload);
    plan.begin(upload, ms(20));
    assert_eq!(plan.next(&sold, ms(20)), Step::Wait { until: Some(ms(450_000)) });
    succeed(&mut plan, upload, &sold, ms(30));
    assert_eq!(plan.next(&sold, ms(30)), Step::Wait { until: Some(ms(450_000)) });

    // What came down is confirmed at once, and the poll goes on at once.
    plan.ended(Outcome::Fed { next: 9, more: false, changed: true }, &sold, ms(40), 0);
    let confirm = Step::Feed { after: 9, wait_seconds: 0 };
    assert_eq!(plan.next(&sold, ms(40)), confirm);
    plan.begin(confirm, ms(40));
    plan.ended(Outcome::Fed { next: 9, more: false, changed: false }, &sold, ms(41), 0);
    let poll = Step::Feed { after: 9, wait_seconds: WAIT_SECONDS_MAX };
    assert_eq!(plan.next(&sold, ms(41)), poll);

    // A hub that does not wait is not asked without a pause.
    plan.begin(poll, ms(50));
    plan.ended(Outcome::Fed { next: 9, more: false, changed: false }, &sold, ms(51), 0);
    assert_eq!(plan.next(&sold, ms(51)), Step::Wait { until: Some(ms(1050)) });
    assert_eq!(plan.next(&sold, ms(1050)), poll);
}

#[test]
fn while_much_is_sent_the_feed_is_looked_at_now_and_then() {
    let known = known(of(1_000_000, 0, 0, 0));
    let mut plan = opened(of(0, 0, 0, 0), &known);
    let mut looked = 0;
    for step in 0..100 {
        let now = ms(step * 20);
        let next = plan.next(&known, now);
        looked += u32::from(matches!(next, Step::Feed { wait_seconds: 0, .. }));
        succeed(&mut plan, next, &known, now);
    }
    assert_eq!(looked, 3, "in two seconds");
}

#[test]
fn a_refused_record_holds_up_only_what_is_behind_it() {
    let known = known(of(1500, 0, 1500, 0));
    let mut plan = opened(of(0, 0, 0, 0), &known);
    // The hub cannot take purchase 3.
    let mut sent = Vec::new();
    let mut now = ms(0);
    for _ in 0..200 {
        let step = plan.next(&known, now);
        match step {
            Step::Upload { series: Series::Purchase, after, most } if after + most as u64 >= 3 => {
                plan.ended(Outcome::Failed(step, &refused(400, "json", None)), &known, now, 7);
            }
            Step::Upload { series, after, .. } => {
                sent.push((series, after));
                succeed(&mut plan, step, &known, now);
            }
            Step::Wait { until } => now = until.unwrap(),
            other => succeed(&mut plan, other, &known, now),
        }
        now += ms(1);
    }
    assert_eq!(plan.durable(Series::Ticket), 1500, "{sent:?}");
    assert_eq!(plan.durable(Series::Purchase), 2, "{sent:?}");
    assert!(!plan.is_done(&known));
}

#[test]
fn what_is_too_large_is_sent_in_parts_without_a_pause() {
    let known = known(of(0, 0, 1000, 0));
    let mut plan = opened(of(0, 0, 0, 0), &known);
    for most in [1000, 500, 250] {
        let step = plan.next(&known, ms(0));
        assert_eq!(step, Step::Upload { series: Series::Purchase, after: 0, most });
        plan.ended(Outcome::Failed(step, &ClientError::TooLarge), &known, ms(0), 7);
    }
    assert!(
        told(&mut plan, &known, ms(0), 3).starts_with("purchase>0x125 purchase>125x250 purchase>375x500")
    );
}

#[test]
fn conflicts_revocations_and_tills_that_were_set_back_stop_sending() {
    let last = known(of(10, 0, 0, 0));
    let mut plan = opened(of(4, 0, 0, 0), &last);
    let answer = UploadAnswer {
        answers: vec![
            RunAnswer { first: 5, last: 6, answer: Answer::Created, reason: None },
            RunAnswer { first: 7, last: 7, answer: Answer::Conflict, reason: None },
        ],
        durable_through: 6,
    };
    let keep =
        plan.ended(Outcome::Uploaded { series: Series::Ticket, last: 10, answer: &answer }, &last, ms(0), 0);
    assert_eq!(keep, [Keep::Durable(Series::Ticket, 6), Keep::State(HubState::Conflict)]);
    // Forgets said elsewhere still arrive.
    assert_eq!(told(&mut plan, &last, ms(1000), 2), "feed>7/50 feed>7/50");
    assert!(!plan.is_done(&last));

    let mut plan = opened(of(4, 0, 0, 0), &last);
    let step = plan.next(&last, ms(0));
    let keep = plan.ended(Outcome::Failed(step, &refused(403, "revoked", None)), &last, ms(0), 0);
    assert_eq!(keep, [Keep::State(HubState::Revoked)]);
    assert_eq!(told(&mut plan, &last, ms(9_999_999), 1), "stop Revoked");

    // The hub has ticket 11 of this till, which issued 10.
    let mut plan = super::tests::plan(of(4, 0, 0, 0));
    let keep = plan.ended(Outcome::Session(&session(of(11, 0, 0, 0))), &last, ms(0), 0);
    assert_eq!(keep, [Keep::State(HubState::Restored)]);
    assert_eq!(told(&mut plan, &last, ms(0), 2), "feed>7/0 feed>7/50");
    // It is not well even where what it still has is all at the hub.
    assert!(!plan.is_done(&known(of(4, 0, 0, 0))));

    // Or says so when it is sent.
    let mut plan = opened(of(4, 0, 0, 0), &last);
    let answer = answered(5, 10, Answer::Exists, 12);
    let keep =
        plan.ended(Outcome::Uploaded { series: Series::Ticket, last: 10, answer: &answer }, &last, ms(0), 0);
    assert_eq!(keep, [Keep::State(HubState::Restored)]);
}

/// A word that this till does not know says nothing: what is durable alone does.
#[test]
fn an_answer_of_a_later_version_moves_only_what_is_durable() {
    let last = known(of(10, 0, 0, 0));
    for through in [4, 7, 10] {
        let mut plan = opened(of(4, 0, 0, 0), &last);
        let answer = answered(5, 10, Answer::Later, through);
        let outcome = Outcome::Uploaded { series: Series::Ticket, last: 10, answer: &answer };
        let keep = plan.ended(outcome, &last, ms(0), 0);
        let moved = (through > 4).then_some(Keep::Durable(Series::Ticket, through));
        assert_eq!(keep, Vec::from_iter(moved));
        assert_eq!((plan.state(), plan.waiting(&last)), (HubState::Active, 10 - through));
    }
}

#[test]
fn what_the_hub_lost_is_sent_again() {
    let last = known(of(10, 0, 4, 3));
    let mut plan = plan(of(10, 0, 4, 3));
    let mut restored = session(of(6, 0, 4, 2));
    restored.incarnation = Hex([2; 16]);
    restored.replay_forgets = true;
    let keep = plan.ended(Outcome::Session(&restored), &last, ms(0), 0);
    let expected =
        [Keep::Durable(Series::Ticket, 6), Keep::Durable(Series::Forget, 0), Keep::Incarnation([2; 16])];
    assert_eq!(keep, expected);
    // Every forget again, then the word that there are no others; the feed from its start.
    let expected = "forget>0x1000 forget>3x0 feed>0/0 ticket>6x1000 feed>0/50";
    assert_eq!(told(&mut plan, &last, ms(0), 5), expected);
    assert!(plan.is_done(&last));
    // The next session of the same hub does not begin again, even if it still waits for other tills.
    restored.durable_through =
        BTreeMap::from([(Series::Ticket, 10), (Series::Purchase, 4), (Series::Forget, 3)]);
    assert_eq!(plan.ended(Outcome::Session(&restored), &last, ms(0), 0), []);
    assert_eq!(told(&mut plan, &last, ms(600), 1), "forget>3x0");
}

#[test]
fn what_no_answer_compared_is_sent_again() {
    let last = known(of(10, 0, 0, 0));
    let mut plan = opened(of(0, 0, 0, 0), &last);
    let step = plan.next(&last, ms(0));
    plan.ended(Outcome::Failed(step, &unreachable()), &last, ms(0), 0);
    let keep = plan.ended(Outcome::Session(&session(of(10, 0, 0, 0))), &last, ms(500), 0);
    // They may be another's, where this till's disk was cloned, or put back.
    assert_eq!(keep, []);
    assert_eq!((plan.durable(Series::Ticket), plan.waiting(&last)), (0, 10));
    let answer = answered(1, 10, Answer::Exists, 10);
    let outcome = Outcome::Uploaded { series: Series::Ticket, last: 10, answer: &answer };
    assert_eq!(plan.ended(outcome, &last, ms(600), 0), [Keep::Durable(Series::Ticket, 10)]);
}

#[test]
fn nothing_from_a_conflict_on_counts_as_durable() {
    let last = known(of(15, 0, 0, 0));
    let mut plan = opened(of(10, 0, 0, 0), &last);
    let answer = answered(11, 11, Answer::Conflict, 15);
    let outcome = Outcome::Uploaded { series: Series::Ticket, last: 15, answer: &answer };
    let keep = plan.ended(outcome, &last, ms(0), 0);
    assert_eq!(keep, [Keep::State(HubState::Conflict)]);
    assert_eq!(plan.durable(Series::Ticket), 10);
    // Nor what lies behind what was sent.
    let mut plan = opened(of(10, 0, 0, 0), &last);
    let answer = answered(11, 12, Answer::Exists, 15);
    let outcome = Outcome::Uploaded { series: Series::Ticket, last: 12, answer: &answer };
    assert_eq!(plan.ended(outcome, &last, ms(0), 0), [Keep::Durable(Series::Ticket, 12)]);
}

#[test]
fn an_upload_that_moves_nothing_is_not_repeated_without_a_pause() {
    let last = known(of(10, 0, 0, 0));
    let mut plan = opened(of(0, 0, 0, 0), &last);
    let answer = answered(1, 10, Answer::Exists, 0);
    plan.ended(Outcome::Uploaded { series: Series::Ticket, last: 10, answer: &answer }, &last, ms(0), 999);
    assert_eq!(plan.next(&last, ms(998)), Step::Feed { after: 7, wait_seconds: WAIT_SECONDS_MAX });
    assert!(matches!(plan.next(&last, ms(999)), Step::Feed { wait_seconds: 0, .. } | Step::Upload { .. }));
}

#[test]
fn pauses_grow_to_five_minutes_with_jitter_and_end_when_the_hub_is_back() {
    let last = known(of(10, 0, 0, 0));
    let mut plan = plan(of(0, 0, 0, 0));
    let mut now = ms(0);
    let mut most = Vec::new();
    for _ in 0..12 {
        assert_eq!(plan.next(&last, now), Step::Session);
        let mut longest = plan.clone();
        longest.ended(Outcome::Failed(Step::Session, &unreachable()), &last, now, 1_000_000_000);
        for random in [0, 1, 17, 12_345] {
            let mut shorter = plan.clone();
            shorter.ended(Outcome::Failed(Step::Session, &unreachable()), &last, now, random);
            let Step::Wait { until: Some(until) } = shorter.next(&last, now) else {
                assert_eq!(random, 0, "no pause at all");
                continue;
            };
            assert!(until > now && until <= now + PAUSE_MAX);
        }
        // The longest possible pause of this try.
        let cap = (0..=PAUSE_MAX.as_millis() as u64).rev().step_by(1).find(|random| {
            let mut tried = plan.clone();
            tried.ended(Outcome::Failed(Step::Session, &unreachable()), &last, now, *random);
            tried.next(&last, now) == Step::Wait { until: Some(now + ms(*random)) }
        });
        most.push(cap.unwrap() / 1000);
        plan.ended(Outcome::Failed(Step::Session, &unreachable()), &last, now, cap.unwrap());
        now += ms(cap.unwrap());
    }
    assert_eq!(most, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    assert_eq!(told(&mut plan, &last, now, 3), "session feed>7/0 ticket>0x1000");
    // Then the first pause is short again.
    plan.ended(Outcome::Failed(Step::Session, &unreachable()), &last, now, 999);
    assert!(matches!(plan.next(&last, now + ms(1000)), Step::Feed { .. }));
}

#[test]
fn the_hubs_own_pause_is_kept() {
    let last = known(of(10, 0, 0, 0));
    let mut plan = opened(of(0, 0, 0, 0), &last);
    let step = plan.next(&last, ms(0));
    plan.ended(Outcome::Failed(step, &refused(429, "too-many", Some(30))), &last, ms(0), 5);
    assert_eq!(plan.next(&last, ms(29_999)), Step::Wait { until: Some(ms(30_005)) });
    // An answer elsewhere does not end it, and no hub can ask for a year.
    plan.ended(Outcome::Fed { next: 7, more: false, changed: false }, &last, ms(100), 0);
    assert!(!matches!(plan.next(&last, ms(100)), Step::Upload { .. }));
    plan.ended(Outcome::Failed(step, &refused(429, "too-many", Some(u64::MAX))), &last, ms(0), 0);
    assert!(matches!(
        plan.next(&last, ms(3_600_000)),
        Step::Upload { .. } | Step::Session | Step::Feed { .. }
    ));
}

#[test]
fn a_session_that_is_over_is_opened_again_once() {
    let last = known(of(10, 0, 0, 0));
    let mut plan = opened(of(0, 0, 0, 0), &last);
    let unknown = refused(401, "unauthorized", None);
    let step = plan.next(&last, ms(0));
    plan.ended(Outcome::Failed(step, &unknown), &last, ms(0), 999);
    assert_eq!(plan.next(&last, ms(0)), Step::Session, "at once");
    plan.ended(Outcome::Session(&session(of(0, 0, 0, 0))), &last, ms(0), 0);
    // Refused under a new one, it is no use to hurry.
    let step = plan.next(&last, ms(0));
    plan.ended(Outcome::Failed(step, &unknown), &last, ms(0), 999);
    assert_eq!(plan.next(&last, ms(0)), Step::Wait { until: Some(ms(999)) });

    // What was asked under the session before says nothing about this one.
    let mut plan = opened(of(10, 0, 0, 0), &last);
    let poll = plan.next(&last, ms(0));
    plan.begin(poll, ms(0));
    plan.ended(Outcome::Session(&session(of(10, 0, 0, 0))), &last, ms(0), 0);
    plan.ended(Outcome::Failed(poll, &unknown), &last, ms(0), 0);
    assert!(matches!(plan.next(&last, ms(0)), Step::Feed { .. }));
}

#[test]
fn a_session_is_renewed_before_it_ends() {
    let last = known(of(0, 0, 0, 0));
    let plan = opened(of(0, 0, 0, 0), &last);
    assert!(matches!(plan.next(&last, ms(449_999)), Step::Feed { .. }));
    assert_eq!(plan.next(&last, ms(450_000)), Step::Session);
}

#[test]
fn forgets_are_asked_about_less_and_less_until_something_is_said() {
    let mut last = known(of(0, 0, 0, 1));
    last.unconfirmed = 1;
    let mut plan = opened(of(0, 0, 0, 0), &last);
    plan.begin(Step::Feed { after: 7, wait_seconds: 50 }, ms(0));
    assert_eq!(told(&mut plan, &last, ms(0), 3), "forget>0x1000 ask wait Some(1000)");
    let mut now = ms(1000);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert_eq!(plan.next(&last, now), Step::AskForgets);
        plan.ended(Outcome::Asked { news: false }, &last, now, 0);
        let Step::Wait { until: Some(until) } = plan.next(&last, now) else { panic!() };
        pauses.push((until - now).as_secs());
        now = until;
        plan.session = Some(Session { renew_at: now + ms(1_000_000), proven: true });
    }
    assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
    plan.ended(Outcome::Asked { news: true }, &last, now, 0);
    assert_eq!(plan.next(&last, now), Step::Wait { until: Some(now + ms(500)) });
}

#[test]
fn what_cannot_be_carried_out_yet_is_asked_for_again_soon() {
    let last = known(of(0, 0, 0, 0));
    let mut plan = opened(of(0, 0, 0, 0), &last);
    for _ in 0..20 {
        plan.ended(Outcome::NotCarriedOut, &last, ms(0), u64::MAX);
    }
    let Step::Wait { until: Some(until) } = plan.next(&last, ms(0)) else { panic!() };
    assert!(until <= ms(5000));
    assert_eq!(plan.next(&last, until), Step::Feed { after: 7, wait_seconds: 0 }, "not beyond it");
}

#[test]
fn what_follows_a_run_is_known_before_it_is_answered() {
    let last = known(of(3000, 0, 10, 0));
    let mut plan = opened(of(0, 0, 0, 0), &last);
    let mut now = ms(0);
    for _ in 0..4 {
        let step = plan.next(&last, now);
        let Step::Upload { series, after, most } = step else { panic!("{step:?}") };
        plan.begin(step, now);
        let end = last.last[series].min(after + most as u64);
        let foreseen = plan.upload_after(&last, series, end, now);
        succeed(&mut plan, step, &last, now);
        now += ms(1);
        assert_eq!(foreseen, Some(plan.next(&last, now)).filter(|step| matches!(step, Step::Upload { .. })));
    }
}

/// What a hub may do with a step.
#[derive(Clone, Debug)]
enum Fate {
    Good,
    Lost,
    Unreachable,
    Refused(u16, Option<u64>),
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Good),
        1 => Just(Fate::Lost),
        2 => Just(Fate::Unreachable),
        1 => (prop::sample::select(vec![400, 401, 404, 409, 413, 429, 500, 503]), prop::option::of(0u64..100))
            .prop_map(|(status, after)| Fate::Refused(status, after)),
    ]
}

proptest! {
    /// Whatever happens on the way, once the hub answers everything is sent, in order and without a
    /// gap, and no step comes without an end of pauses.
    #[test]
    fn everything_is_sent_in_the_end(
        last in prop::array::uniform4(0u64..5000),
        fates in prop::collection::vec((fates(), any::<u64>()), 0..120),
    ) {
        let known = Known { last: PerSeries(last), unconfirmed: 0 };
        let mut hub = PerSeries([0u64; 4]);
        let mut plan = plan(of(0, 0, 0, 0));
        let mut fates = fates.into_iter();
        let mut now = ms(0);
        for _ in 0..2000 {
            if plan.is_done(&known) {
                break;
            }
            let step = plan.next(&known, now);
            if let Step::Wait { until } = step {
                let until = until.expect("nothing is under way");
                prop_assert!(until > now && until <= now + RETRY_AFTER_MAX + PAUSE_MAX);
                now = until;
                continue;
            }
            now += ms(3);
            let (fate, random) = fates.next().unwrap_or((Fate::Good, 0));
            // What the hub does, and then what of it the till hears.
            let mut answer = None;
            if let (Step::Upload { series, after, most }, Fate::Good | Fate::Lost) = (step, &fate) {
                prop_assert!(after <= hub[series], "a gap in {}", series);
                let end = last[usize::from(series.number() - 1)].min(after + most as u64);
                hub[series] = hub[series].max(end);
                answer = Some((series, end, answered(after + 1, end, Answer::Created, hub[series])));
            }
            match (step, fate) {
                (Step::Session, Fate::Good) => {
                    plan.ended(Outcome::Session(&session(hub)), &known, now, random);
                }
                (Step::Upload { .. }, Fate::Good) => {
                    let (series, last, answer) = answer.unwrap();
                    plan.ended(Outcome::Uploaded { series, last, answer: &answer }, &known, now, random);
                }
                (Step::Feed { wait_seconds, .. }, Fate::Good) => {
                    now += ms(wait_seconds * 1000);
                    succeed(&mut plan, step, &known, now);
                }
                (_, Fate::Good) => succeed(&mut plan, step, &known, now),
                (_, Fate::Lost | Fate::Unreachable) => {
                    plan.ended(Outcome::Failed(step, &unreachable()), &known, now, random);
                }
                (_, Fate::Refused(status, retry_after)) => {
                    plan.ended(Outcome::Failed(step, &refused(status, "x", retry_after)), &known, now, random);
                }
            }
        }
        prop_assert!(plan.is_done(&known), "{:?}", plan);
        prop_assert_eq!(hub, known.last);
    }
}
