//! Who looked at what was kept of a customer, and what for.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

/// What for. The list is closed: free words would say more of a customer than the purchase does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookReason {
    /// The customer, or whoever has their receipt, brought its code.
    Receipt,
    /// The customer asks what is kept of them (GDPR, article 15).
    CustomerAsks,
    Return,
    Guarantee,
    Complaint,
    /// A court, an inspector or another authority asks.
    Authority,
    /// Nobody said.
    Unsaid,
    /// Words of somebody's own, until 0.2.0. They are gone.
    Other,
}

impl LookReason {
    /// Those that staff can state, in the order in which they are told.
    pub const STATED: [LookReason; 5] = [
        LookReason::Return,
        LookReason::Guarantee,
        LookReason::CustomerAsks,
        LookReason::Complaint,
        LookReason::Authority,
    ];

    /// Its name in arguments and records.
    pub fn id(self) -> &'static str {
        match self {
            LookReason::Receipt => "receipt",
            LookReason::CustomerAsks => "customer-asks",
            LookReason::Return => "return",
            LookReason::Guarantee => "guarantee",
            LookReason::Complaint => "complaint",
            LookReason::Authority => "authority",
            LookReason::Unsaid => "unsaid",
            LookReason::Other => "other",
        }
    }
}

/// One look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub at: DateTime<FixedOffset>,
    pub reason: LookReason,
    /// The name under which they use this machine; empty where nothing is known.
    pub by: String,
}
