//! What the hub counts of itself, for Prometheus (text format 0.0.4). Routes, statuses, series and
//! kinds of answer are all the labels that there are: no store, no device, nobody.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::limits::locked;
use crate::sync::record::Series;
use crate::sync::wire::{Answer, UploadAnswer};

/// Upper ends of the buckets of durations, in milliseconds, as they are written in seconds.
const BUCKETS_MS: [(u64, &str); 12] = [
    (1, "0.001"),
    (2, "0.002"),
    (5, "0.005"),
    (10, "0.01"),
    (25, "0.025"),
    (50, "0.05"),
    (100, "0.1"),
    (250, "0.25"),
    (500, "0.5"),
    (1000, "1"),
    (5000, "5"),
    (30_000, "30"),
];

#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    durations: Mutex<BTreeMap<&'static str, Durations>>,
    records: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    pub bytes_in: AtomicU64,
    pub bytes_out: AtomicU64,
    /// Long polls that wait now.
    pub waiting: AtomicU64,
    /// Connections now.
    pub connections: AtomicU64,
    pub database_errors: AtomicU64,
}

#[derive(Debug, Default)]
struct Durations {
    /// Not above each of [`BUCKETS_MS`].
    counts: [u64; BUCKETS_MS.len()],
    count: u64,
    sum_us: u64,
}

/// What the hub says of its state, asked for when it is counted.
#[derive(Clone, Copy, Debug)]
pub struct Gauges {
    pub forgets_pending: bool,
    pub database_up: bool,
    pub recovering: bool,
}

impl Metrics {
    /// Counts a request that was answered. A long poll's time is not counted: it waits on purpose.
    pub fn answered(&self, route: &'static str, status: u16, took: Option<Duration>) {
        *locked(&self.requests).entry((route, status)).or_default() += 1;
        let Some(took) = took else { return };
        let mut durations = locked(&self.durations);
        let of_route = durations.entry(route).or_default();
        let ms = took.as_millis();
        for (count, (most, _)) in of_route.counts.iter_mut().zip(BUCKETS_MS) {
            *count += u64::from(ms < u128::from(most));
        }
        of_route.count += 1;
        of_route.sum_us = of_route.sum_us.saturating_add(took.as_micros().min(1 << 50) as u64);
    }

    /// Counts what became of the records of an upload.
    pub fn uploaded(&self, series: Series, answer: &UploadAnswer) {
        let mut records = locked(&self.records);
        for run in &answer.answers {
            let count = run.last.saturating_sub(run.first).saturating_add(1);
            *records.entry((series.name(), answer_name(run.answer))).or_default() += count;
        }
    }

    /// All figures, as Prometheus reads them.
    pub fn text(&self, gauges: Gauges) -> String {
        let mut out = String::with_capacity(4096);
        head(&mut out, "olvido_hub_requests_total", "counter", "Requests answered.");
        for ((route, status), count) in locked(&self.requests).iter() {
            line(
                &mut out,
                format_args!("olvido_hub_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}"),
            );
        }
        self.durations(&mut out);
        head(&mut out, "olvido_hub_records_total", "counter", "Records received, by what became of them.");
        for ((series, answer), count) in locked(&self.records).iter() {
            line(
                &mut out,
                format_args!("olvido_hub_records_total{{series=\"{series}\",answer=\"{answer}\"}} {count}"),
            );
        }
        for (name, kind, help, value) in [
            ("olvido_hub_received_bytes_total", "counter", "Bytes of bodies received.", &self.bytes_in),
            ("olvido_hub_sent_bytes_total", "counter", "Bytes of bodies sent.", &self.bytes_out),
            ("olvido_hub_feed_waits", "gauge", "Long polls waiting.", &self.waiting),
            ("olvido_hub_connections", "gauge", "Open connections.", &self.connections),
            (
                "olvido_hub_database_errors_total",
                "counter",
                "Requests that the database failed.",
                &self.database_errors,
            ),
        ] {
            head(&mut out, name, kind, help);
            line(&mut out, format_args!("{name} {}", value.load(Relaxed)));
        }
        for (name, help, value) in [
            (
                "olvido_hub_forgets_pending",
                "Whether erasing is not finished at the hub.",
                u64::from(gauges.forgets_pending),
            ),
            ("olvido_hub_database_up", "Whether the database answers.", gauges.database_up.into()),
            ("olvido_hub_recovering", "Whether tombstones are waited for.", gauges.recovering.into()),
        ] {
            head(&mut out, name, "gauge", help);
            line(&mut out, format_args!("{name} {value}"));
        }
        out
    }

    fn durations(&self, out: &mut String) {
        let name = "olvido_hub_request_seconds";
        head(out, name, "histogram", "How long answers took, long polls not counted.");
        for (route, durations) in locked(&self.durations).iter() {
            for (count, (_, most)) in durations.counts.iter().zip(BUCKETS_MS) {
                line(out, format_args!("{name}_bucket{{route=\"{route}\",le=\"{most}\"}} {count}"));
            }
            let Durations { count, sum_us, .. } = durations;
            line(out, format_args!("{name}_bucket{{route=\"{route}\",le=\"+Inf\"}} {count}"));
            let (whole, part) = (sum_us / 1_000_000, sum_us % 1_000_000);
            line(out, format_args!("{name}_sum{{route=\"{route}\"}} {whole}.{part:06}"));
            line(out, format_args!("{name}_count{{route=\"{route}\"}} {count}"));
        }
    }
}

fn answer_name(answer: Answer) -> &'static str {
    match answer {
        Answer::Created => "created",
        Answer::Exists => "exists",
        Answer::Conflict => "conflict",
        Answer::Quarantined => "quarantined",
        Answer::Erased => "erased",
        Answer::Later => "later",
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wire::RunAnswer;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.answered("/health", 200, Some(Duration::from_micros(1500)));
        metrics.answered("/health", 200, Some(Duration::from_millis(60_000)));
        metrics.answered("/v1/feed", 429, None);
        let run = RunAnswer { first: 3, last: 9, answer: Answer::Created, reason: None };
        metrics.uploaded(Series::Ticket, &UploadAnswer { answers: vec![run], durable_through: 9 });
        let gauges = Gauges { forgets_pending: true, database_up: true, recovering: false };
        let text = metrics.text(gauges);
        for expected in [
            "olvido_hub_requests_total{route=\"/health\",status=\"200\"} 2",
            "olvido_hub_requests_total{route=\"/v1/feed\",status=\"429\"} 1",
            "olvido_hub_request_seconds_bucket{route=\"/health\",le=\"0.001\"} 0",
            "olvido_hub_request_seconds_bucket{route=\"/health\",le=\"0.002\"} 1",
            "olvido_hub_request_seconds_bucket{route=\"/health\",le=\"30\"} 1",
            "olvido_hub_request_seconds_bucket{route=\"/health\",le=\"+Inf\"} 2",
            "olvido_hub_request_seconds_sum{route=\"/health\"} 60.001500",
            "olvido_hub_records_total{series=\"ticket\",answer=\"created\"} 7",
            "olvido_hub_forgets_pending 1",
            "olvido_hub_database_up 1",
        ] {
            assert!(text.lines().any(|line| line == expected), "{expected} in\n{text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("olvido_hub_") && value.parse::<f64>().is_ok(), "{line}");
        }
        assert!(!text.contains("/v1/feed\",le"), "a long poll waits on purpose");
    }
}
