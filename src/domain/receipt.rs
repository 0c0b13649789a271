//! What the customer takes home: the ticket that the store keeps, and what only the paper holds.

use super::customer::Purpose;
use super::money::Money;
use super::policy::{Card, Until};
use super::sale::{KeptLine, Sale};
use super::tender::Tender;
use super::ticket::Ticket;

/// One receipt, as it is shown, printed, or shown again later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Exactly what the store keeps.
    pub ticket: Ticket,
    /// What was bought; empty where it is no longer known.
    pub lines: Vec<KeptLine>,
    /// What the customer handed over, in the order given; empty on a receipt shown again later.
    pub given: Vec<Tender>,
    pub change: Money,
    pub memory: ReceiptMemory,
    /// The policy's sentence that remains after the choice: what stays, and until when.
    pub after: String,
    /// The receipt's code, in groups, where something was kept that it can ask for.
    pub code: Option<String>,
}

/// What the customer chose, in the words of the card that they chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptMemory {
    /// Title of the choice.
    pub choice: String,
    /// Whether the customer chose it, or nobody answered.
    pub answered: bool,
    /// `None` where the lines are only on the paper.
    pub kept: Option<KeptFor>,
}

/// What the lines are kept for, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFor {
    pub purpose: String,
    pub until: Until,
    /// Whether a later remembered purchase moves the end.
    pub renewed: bool,
    /// Where they are in a profile: by which kind of identifier it is found, `phone`, `email` or `card`. Never
    /// the identifier: paper is lost.
    pub profile: Option<String>,
}

impl KeptFor {
    /// What a choice's card says of a purchase that is kept for the `ticked` uses. `no_uses`: what to say where
    /// none was.
    pub fn of_card(
        card: &Card,
        ticked: &[Purpose],
        until: Until,
        profile: Option<String>,
        no_uses: &str,
    ) -> KeptFor {
        let purpose = card.purpose(ticked).unwrap_or_else(|| no_uses.to_owned());
        KeptFor { purpose, until, renewed: card.renewed, profile }
    }
}

impl Receipt {
    /// The receipt of a sale just committed as `ticket`.
    pub fn of_sale(
        sale: &Sale,
        ticket: Ticket,
        memory: ReceiptMemory,
        after: String,
        code: Option<String>,
    ) -> Receipt {
        Receipt {
            ticket,
            lines: sale.kept_lines().collect(),
            given: sale.paid.given.clone(),
            change: sale.paid.change,
            memory,
            after,
            code,
        }
    }

    /// The lines before any discount.
    pub fn subtotal(&self) -> Money {
        self.lines.iter().map(|line| line.gross).sum()
    }

    /// All discounts together, of lines and of the whole sale: not negative.
    pub fn discount(&self) -> Money {
        self.lines.iter().map(KeptLine::discount).sum()
    }
}
