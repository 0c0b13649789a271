//! Olvido: a point of sale whose memory belongs to the customer.
//!
//! # Where things are
//!
//! Layers outside, the same nouns inside: what a sale *is* stands in `domain::sale`, how it is kept
//! in `store::sale`, how it is sold without a screen in `cli::ring`. A test (`tests/tidy.rs`) reads
//! the sources and fails where a layer uses what it may not.
//!
//! | module | what lives there | may use |
//! |---|---|---|
//! | [`domain`] | money, quantities, barcodes, baskets, tenders, the policy, tickets and their chain: pure rules | itself |
//! | [`locale`] | every word that a user reads, in Spanish and English | `domain` |
//! | [`seal`] | what is encrypted, the file of key slots, receipt codes, PINs | `domain` |
//! | [`store`] | the database, one file for each noun; forgetting, verifying, backup | `domain`, `seal` |
//! | [`sync`] | records in series, what travels, what a till does next, its client; `sync::hub`, the server, its rules and its database | `domain`, `seal`, `store` |
//! | [`mod@print`] | the receipt as text | `domain`, `locale` |
//! | [`ui`] | the screens as a pure machine: events in, a changed model and effects out | `domain`, `locale` |
//! | [`app`] | the loop: keys and time in, effects carried out by the thread that owns the store | all but `cli` |
//! | [`cli`] | arguments, configuration, paths, the log, every command | all |
//!
//! `main.rs` only calls [`cli::run::main`]. `assets/` holds the words, the shipped policy and
//! configuration, and the demo shop; all are built in.
//!
//! # One sale, in the code
//!
//! 1. [`app`] reads a key and tells a person's from a scanner's ([`ui::Event`]); the keymap
//!    ([`ui::keymap`]) says what it does; [`ui::update`] looks the product up in
//!    [`domain::catalogue`] and puts a line into [`domain::basket`].
//! 2. The draft goes to disk, sealed, behind the frame ([`ui::Effect::SaveDraft`]).
//! 3. The customer's answer is a [`domain::sale::Answer`]; the policy makes of it a
//!    [`domain::sale::Promise`].
//! 4. Paid, the basket is frozen ([`domain::sale::Sale::freeze`]) and recorded in one transaction
//!    ([`store::Store::sell`]). Only then the screen says "sold".
//! 5. Forgetting is [`store::Store::forget`], by [`store::Stage`]: tombstone, key slot, sealed bytes, log. What waits
//!    for a quiet moment is [`store::Store::rest`].
//! 6. Later a thread of [`app`] brings what is new to the hub ([`sync::plan`], [`sync::exchange`]), and
//!    carries out what comes from there ([`sync::incoming`]).
//!
//! # What is deliberately absent
//!
//! These hold everywhere. Whoever breaks one breaks a promise to a customer, or loses a sale.
//!
//! - **No person in a ticket**, nor in anything that goes into its hash: the chain verifies after
//!   every forget.
//! - **Nothing personal in the clear on disk**: a column that is not sealed holds no person and no
//!   basket. No full-text index, no statistics and no log line on what is sealed.
//! - **No row for what was never to be kept.** A forgotten sale leaves a ticket and sums; the sums of
//!   few sales are sealed until they are mixed with others.
//! - **No way back from forgotten.** Tombstones are never deleted and are checked on every way in.
//! - **No network on the way.** Nothing from scan to receipt asks a server; [`sync`] goes on beside it.
//! - **No second copy to send.** Tickets, counts, purchases and tombstones are the records of the
//!   outbox; how far the hub has them is a number.
//! - **No way around a tombstone at the hub**, and no clear text of a purchase there.
//! - **No card data.** What looks like the number of a payment card is refused in every field.
//! - **No floating point in money**, no rounding in more than one place ([`domain::money`]).
//! - **No clock, file or randomness in [`domain`] and [`ui`]**: time comes in as an event, and what
//!   is wanted goes out as an effect, so every screen is tested as a table.
//! - **No screen that says more than is true**: "recording" until the sale is durable, "pending"
//!   until a forget is complete.
//! - **No preselected choice**, and forgetting never takes more keys than remembering.
//! - **No key that a scanner could press**: what comes faster than a person types is a code or nothing.

pub mod app;
pub mod cli;
pub mod domain;
pub mod locale;
pub mod print;
pub mod seal;
pub mod store;
pub mod sync;
pub mod ui;
