//! How the till and its hub stand, in as many words as there is room for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::put_right;
use crate::ui::event::{SyncLink, SyncStatus};
use crate::ui::model::Model;

/// Draws it: quietly, but where the till must be enrolled again.
pub fn draw(model: &Model, status: &SyncStatus, area: Rect, buffer: &mut Buffer) {
    let serious = !matches!(status.link, SyncLink::Good | SyncLink::Unreachable);
    let style = if serious { model.theme.trouble } else { model.theme.quiet };
    let mut said = words(model, status);
    if serious {
        said.iter_mut().for_each(|text| text.insert_str(0, "! "));
    }
    let fits = said.iter().position(|text| text.width() <= area.width.into());
    let text = fits.map_or_else(|| said.last(), |index| said.get(index));
    put_right(buffer, area, text.map_or("", String::as_str), style);
}

/// What to say, the longest first.
fn words(model: &Model, status: &SyncStatus) -> Vec<String> {
    let locale = model.locale;
    let text = |id: &str| locale.text(id).into_owned();
    let count = i64::try_from(status.waiting).unwrap_or(i64::MAX);
    let since = status.since.map(|since| {
        let today = model.now.map(|now| now.date_naive());
        if today == Some(since.date_naive()) {
            locale.time(since.time())
        } else {
            locale.date(since.date_naive())
        }
    });
    let counted = |id: &str| locale.format(id, &[("count", count.into())]);
    let counted_since = |id: &str| {
        since.as_ref().map(|since| locale.format(id, &[("count", count.into()), ("since", since.into())]))
    };
    match (status.link, status.waiting) {
        (SyncLink::Good, 0) => vec![text("sync-line-synced")],
        (SyncLink::Good, _) => {
            counted_since("sync-line-since").into_iter().chain([counted("sync-line-waiting")]).collect()
        }
        (SyncLink::Unreachable, 0) => vec![text("sync-line-unreachable"), text("sync-line-no-hub")],
        (SyncLink::Unreachable, _) => {
            let long = ["sync-line-unreachable-since", "sync-line-no-hub-since"]
                .into_iter()
                .filter_map(counted_since);
            long.chain([counted("sync-line-no-hub-waiting")]).collect()
        }
        (SyncLink::OtherCertificate, _) => {
            vec![text("sync-line-certificate"), text("sync-line-certificate-short")]
        }
        (SyncLink::Conflict, _) => vec![text("sync-line-conflict"), text("sync-line-conflict-short")],
        (SyncLink::Restored, _) => vec![text("sync-line-restored"), text("sync-line-restored-short")],
        (SyncLink::Unknown, _) => vec![text("sync-line-unknown"), text("sync-line-unknown-short")],
        (SyncLink::Revoked, _) => vec![text("sync-line-revoked"), text("sync-line-revoked-short")],
        (SyncLink::Unread, _) => vec![text("sync-line-unread"), text("sync-line-unread-short")],
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::language::Language;
    use crate::ui::event::{Done, Event};
    use crate::ui::testing::{buffer, frame, till};
    use crate::ui::update;

    fn cases() -> Vec<SyncStatus> {
        let at = |text| Some(DateTime::parse_from_rfc3339(text).unwrap());
        let status = |link, waiting, since| SyncStatus { link, waiting, since };
        vec![
            status(SyncLink::Good, 0, None),
            status(SyncLink::Good, 3, at("2026-11-23T09:05:00+01:00")),
            status(SyncLink::Good, 1, None),
            status(SyncLink::Unreachable, 0, None),
            status(SyncLink::Unreachable, 3, at("2026-11-23T09:05:00+01:00")),
            status(SyncLink::Unreachable, 140_000, at("2025-10-20T09:05:00+01:00")),
            status(SyncLink::OtherCertificate, 3, None),
            status(SyncLink::Conflict, 3, None),
            status(SyncLink::Restored, 3, None),
            status(SyncLink::Revoked, 3, None),
            status(SyncLink::Unknown, 3, None),
            status(SyncLink::Unread, 0, None),
        ]
    }

    #[test]
    fn it_fits_beside_what_is_there() {
        for language in Language::ALL {
            for staff in ["Ana", "María del Carmen Gutiérrez"] {
                let mut told = String::new();
                for (width, height) in [(80, 24), (120, 40)] {
                    for status in cases() {
                        let mut model = till(language);
                        model.staff = staff.to_owned();
                        update(&mut model, Event::Done(Done::Sync(status)));
                        let text = frame(&mut model, width, height);
                        told.push_str(text.lines().next().unwrap());
                        told.push('\n');
                    }
                }
                assert!(!told.contains('…') || staff.len() > 16, "nothing is cut:\n{told}");
                let name = if staff == "Ana" { "short" } else { "long" };
                insta::assert_snapshot!(format!("status_{}_{name}", language.code()), told);
            }
        }
    }

    #[test]
    fn nothing_is_said_without_a_hub_and_trouble_goes_first() {
        let mut model = till(Language::English);
        let alone = frame(&mut model, 80, 24);
        assert!(!alone.contains("sync"), "{alone}");
        update(&mut model, Event::Done(Done::Sync(cases()[0])));
        assert!(frame(&mut model, 80, 24).lines().next().unwrap().contains("synced"));
        let full = crate::ui::event::Problem { what: "the disk is full".into(), remedy: String::new() };
        update(&mut model, Event::Done(Done::Trouble(Some(full))));
        let troubled = frame(&mut model, 80, 24);
        assert!(troubled.contains("! the disk is full") && !troubled.contains("synced"), "{troubled}");
    }

    #[test]
    fn what_needs_somebody_has_a_sign_beside_its_colour() {
        for status in cases() {
            let mut model = till(Language::Spanish);
            update(&mut model, Event::Done(Done::Sync(status)));
            let trouble = model.theme.trouble.fg.unwrap();
            let shown = buffer(&mut model, 80, 24);
            let coloured = (0..80).any(|x| shown[(x, 0)].fg == trouble);
            let signed = (0..80).any(|x| shown[(x, 0)].symbol() == "!");
            assert_eq!(coloured, signed, "{status:?}");
            assert_eq!(signed, !matches!(status.link, SyncLink::Good | SyncLink::Unreachable), "{status:?}");
        }
    }
}
