//! The command line as data. The words of its help are in the locale files: `help-<command>` and
//! `help-arg-<argument>`; see [`super::help`].

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{ArgAction, Args, Parser, Subcommand};

use crate::domain::language::Language;
use crate::domain::look::LookReason;
use crate::domain::money::Currency;
use crate::domain::tax::TaxRate;
use crate::sync::enrolment::is_store_id;
use crate::sync::hub::db::DatabaseAddress;

/// The whole command line. Without a command it is the till.
#[derive(Debug, Parser)]
#[command(
    name = "olvido",
    bin_name = "olvido",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Where everything lives.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Language of everything that is said.
    #[arg(long, global = true, value_name = "es|en", value_parser = language)]
    pub lang: Option<Language>,
    #[arg(long, short = 'h', global = true, action = ArgAction::Help)]
    help: Option<bool>,
    #[arg(long, short = 'V', action = ArgAction::Version)]
    version: Option<bool>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Init(Box<InitArgs>),
    #[command(subcommand)]
    Import(ImportCommand),
    Ring(RingArgs),
    Review(ReviewArgs),
    Verify(VerifyArgs),
    Expire(ExpireArgs),
    #[command(subcommand)]
    Export(ExportCommand),
    Receipt(ReceiptArgs),
    #[command(subcommand)]
    Purchase(PurchaseCommand),
    #[command(subcommand)]
    Customer(CustomerCommand),
    Backup(BackupArgs),
    Restore(RestoreArgs),
    #[command(subcommand)]
    Sync(SyncCommand),
    #[command(subcommand)]
    Policy(PolicyCommand),
    #[command(subcommand)]
    Hub(HubCommand),
}

/// A new store without the set-up screen.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The demo shop and its catalogue; other arguments still count.
    #[arg(long)]
    pub demo: bool,
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub tax_id: Option<String>,
    /// What the shop sells, as tickets say it.
    #[arg(long, value_name = "TEXT")]
    pub goods: Option<String>,
    #[arg(long, value_name = "es|en", value_parser = language)]
    pub language: Option<Language>,
    #[arg(long, value_name = "EUR|…", value_parser = currency)]
    pub currency: Option<Currency>,
    /// PIN of the first member of staff.
    #[arg(long, value_name = "PIN")]
    pub pin: Option<String>,
    /// Name of the first member of staff.
    #[arg(long, value_name = "TEXT")]
    pub staff: Option<String>,
    /// What the shop calls this till.
    #[arg(id = "init-till", long = "till", value_name = "TEXT")]
    pub till: Option<String>,
    /// The series of this till's tickets: another one for each till of a shop.
    #[arg(id = "init-series", long = "series", value_name = "TEXT")]
    pub series: Option<String>,
    /// A file of products to import.
    #[arg(long, value_name = "FILE")]
    pub catalogue: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    Products(ImportProductsArgs),
}

#[derive(Debug, Args)]
pub struct ImportProductsArgs {
    #[arg(id = "products", value_name = "FILE")]
    pub file: PathBuf,
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long)]
    pub skip_bad: bool,
    /// The decimal sign of the file's numbers, where the numbers alone do not tell.
    #[arg(long, value_name = ",|.", value_parser = decimal_sign)]
    pub decimal: Option<char>,
    /// The rate of products without one.
    #[arg(long, value_name = "%", value_parser = tax_rate)]
    pub default_tax: Option<TaxRate>,
}

#[derive(Debug, Args)]
pub struct RingArgs {
    /// Standard input where there is none.
    #[arg(id = "requests", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Lines may say when they were sold.
    #[arg(long)]
    pub import: bool,
}

#[derive(Debug, Args)]
pub struct ReviewArgs {
    #[arg(long)]
    pub json: bool,
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with_all = ["from", "to"])]
    pub day: Option<NaiveDate>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ExpireArgs {
    #[arg(long)]
    pub clock_is_right: bool,
}

#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    Tickets,
}

#[derive(Debug, Args)]
pub struct ReceiptArgs {
    #[arg(value_name = "CODE")]
    pub code: String,
    /// Characters a line; what the configuration says where it is not given.
    #[arg(long, value_name = "32|42|48", value_parser = columns)]
    pub columns: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub enum PurchaseCommand {
    Show(PurchaseShowArgs),
    Forget {
        #[arg(value_name = "CODE")]
        code: String,
    },
}

/// How somebody looks at what is kept.
#[derive(Debug, Args)]
pub struct LookArgs {
    #[arg(long)]
    pub json: bool,
    /// Why staff look; logged.
    #[arg(
        long,
        value_name = "return|guarantee|customer-asks|complaint|authority",
        value_parser = look_reason
    )]
    pub purpose: Option<LookReason>,
}

#[derive(Debug, Args)]
pub struct PurchaseShowArgs {
    #[arg(value_name = "CODE")]
    pub code: String,
    #[command(flatten)]
    pub look: LookArgs,
}

#[derive(Debug, Subcommand)]
pub enum CustomerCommand {
    Show(CustomerShowArgs),
    Forget(CustomerForgetArgs),
}

#[derive(Debug, Args)]
pub struct CustomerShowArgs {
    #[command(flatten)]
    pub whom: CustomerArgs,
    #[command(flatten)]
    pub look: LookArgs,
}

#[derive(Debug, Args)]
pub struct CustomerForgetArgs {
    /// Phone, e-mail or loyalty card number.
    #[arg(id = "identifier", value_name = "IDENT", required_unless_present = "damaged_too")]
    pub identifier: Option<String>,
    /// Also what has a damaged or missing key, whoever it is of.
    #[arg(long)]
    pub damaged_too: bool,
}

#[derive(Debug, Args)]
pub struct CustomerArgs {
    /// Phone, e-mail or loyalty card number.
    #[arg(id = "identifier", value_name = "IDENT")]
    pub identifier: String,
}

#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    Show(PolicyShowArgs),
    New,
    Check(PolicyCheckArgs),
}

#[derive(Debug, Args)]
pub struct PolicyShowArgs {
    /// The record of processing activities instead of the notice.
    #[arg(long)]
    pub record: bool,
    /// One of the policy's languages; all where it is not given.
    #[arg(id = "notice-language", long = "language", value_name = "es|en", value_parser = language)]
    pub language: Option<Language>,
}

#[derive(Debug, Args)]
pub struct PolicyCheckArgs {
    #[arg(id = "changed-policy", value_name = "FILE")]
    pub file: PathBuf,
}

/// A till and its hub.
#[derive(Debug, Subcommand)]
pub enum SyncCommand {
    Enrol(SyncEnrolArgs),
    Now(SyncNowArgs),
    Status(SyncStatusArgs),
}

#[derive(Debug, Args)]
pub struct SyncEnrolArgs {
    #[arg(id = "hub-url", value_name = "URL")]
    pub url: String,
    /// What `olvido hub enrol` shows.
    #[arg(id = "enrol-code", value_name = "CODE")]
    pub code: String,
    /// What the hub calls this till; its own name where it is not given.
    #[arg(id = "till-name", long = "name", value_name = "TEXT")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct SyncNowArgs {
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct SyncStatusArgs {
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BackupArgs {
    #[arg(id = "backup", value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[arg(id = "backup", value_name = "FILE")]
    pub file: PathBuf,
    /// Where the store key is, if not in the data directory.
    #[arg(long, value_name = "FILE")]
    pub store_key: Option<PathBuf>,
    /// The till's series of tickets from now on.
    #[arg(long, value_name = "TEXT")]
    pub series: Option<String>,
}

/// The hub: what the tills of a shop or a chain bring their records to.
#[derive(Debug, Subcommand)]
pub enum HubCommand {
    Serve(HubServeArgs),
    Enrol(HubEnrolArgs),
    Devices(HubDevicesArgs),
    Revoke(HubRevokeArgs),
    #[command(subcommand)]
    Publish(HubPublishCommand),
    Report(HubReportArgs),
    Verify(HubVerifyArgs),
    Backup(HubBackupArgs),
    Restore(HubBackupArgs),
}

/// Which hub.
#[derive(Debug, Args)]
pub struct HubArgs {
    /// A file in the hub's directory where it is not given.
    #[arg(long, value_name = "sqlite:PATH|postgres://…", value_parser = database)]
    pub database: Option<DatabaseAddress>,
    /// Of several hubs over one database: where they share their keys.
    #[arg(long = "keys-database", value_name = "postgres://…", value_parser = database)]
    pub keys_database: Option<DatabaseAddress>,
}

/// Which of its stores.
#[derive(Debug, Args)]
pub struct HubStoreArgs {
    #[command(flatten)]
    pub hub: HubArgs,
    /// Where it is not given, the only one that there is.
    #[arg(id = "hub-store", long = "store", value_name = "STORE", value_parser = store)]
    pub store: Option<String>,
}

#[derive(Debug, Args)]
pub struct HubServeArgs {
    #[command(flatten)]
    pub hub: HubArgs,
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7878", value_parser = address)]
    pub listen: SocketAddr,
    /// A certificate in PEM, with those that signed it.
    #[arg(long, value_name = "FILE", requires = "certificate-key")]
    pub cert: Option<PathBuf>,
    #[arg(id = "certificate-key", long = "key", value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Without TLS.
    #[arg(long, conflicts_with = "cert")]
    pub plain: bool,
}

#[derive(Debug, Args)]
pub struct HubEnrolArgs {
    #[command(flatten)]
    pub store: HubStoreArgs,
    /// The device that the new one takes the place of.
    #[arg(long, value_name = "DEVICE")]
    pub replace: Option<String>,
}

#[derive(Debug, Args)]
pub struct HubDevicesArgs {
    #[command(flatten)]
    pub store: HubStoreArgs,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct HubRevokeArgs {
    #[arg(value_name = "DEVICE")]
    pub device: String,
    #[command(flatten)]
    pub store: HubStoreArgs,
}

#[derive(Debug, Subcommand)]
pub enum HubPublishCommand {
    Products(HubPublishProductsArgs),
    Policy(HubPublishPolicyArgs),
}

#[derive(Debug, Args)]
pub struct HubPublishProductsArgs {
    #[arg(id = "products", value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub store: HubStoreArgs,
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long)]
    pub skip_bad: bool,
    /// The decimal sign of the file's numbers, where the numbers alone do not tell.
    #[arg(long, value_name = ",|.", value_parser = decimal_sign)]
    pub decimal: Option<char>,
    /// The rate of products without one.
    #[arg(long, value_name = "%", value_parser = tax_rate)]
    pub default_tax: Option<TaxRate>,
    #[arg(long, value_name = "EUR|…", value_parser = currency)]
    pub currency: Option<Currency>,
}

#[derive(Debug, Args)]
pub struct HubPublishPolicyArgs {
    #[arg(id = "published-policy", value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub store: HubStoreArgs,
}

#[derive(Debug, Args)]
pub struct HubReportArgs {
    #[command(flatten)]
    pub store: HubStoreArgs,
    #[arg(long)]
    pub json: bool,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
}

#[derive(Debug, Args)]
pub struct HubVerifyArgs {
    #[command(flatten)]
    pub hub: HubArgs,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct HubBackupArgs {
    #[arg(id = "hub-backup", value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub hub: HubArgs,
}

/// What an argument must be; the words come from the locale at the edge.
fn language(text: &str) -> Result<Language, &'static str> {
    text.parse().map_err(|_| "language")
}

fn currency(text: &str) -> Result<Currency, &'static str> {
    Currency::from_code(&text.to_uppercase()).ok_or("currency")
}

fn decimal_sign(text: &str) -> Result<char, &'static str> {
    match text {
        "," => Ok(','),
        "." => Ok('.'),
        _ => Err("decimal sign"),
    }
}

fn tax_rate(text: &str) -> Result<TaxRate, &'static str> {
    TaxRate::parse(text).ok_or("tax rate")
}

fn database(text: &str) -> Result<DatabaseAddress, &'static str> {
    text.parse().map_err(|_| "database")
}

fn store(text: &str) -> Result<String, &'static str> {
    if is_store_id(text) { Ok(text.to_owned()) } else { Err("store") }
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "address")
}

fn look_reason(text: &str) -> Result<LookReason, &'static str> {
    LookReason::STATED.into_iter().find(|reason| reason.id() == text).ok_or("purpose")
}

fn columns(text: &str) -> Result<u16, &'static str> {
    let columns = text.parse().map_err(|_| "columns")?;
    if crate::domain::settings::ReceiptSettings::COLUMNS.contains(&columns) {
        Ok(columns)
    } else {
        Err("columns")
    }
}
