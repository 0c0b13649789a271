//! `olvido hub enrol`.

use std::fs;
use std::io::Write;

use chrono::{Local, TimeDelta, Utc};

use crate::cli::args::HubEnrolArgs;
use crate::cli::problem::Problem;
use crate::cli::run::Session;
use crate::sync::hub::CODE_SECONDS;

impl Session {
    /// Makes a code, and says what to type at the till.
    pub(super) fn hub_enrol(&self, args: &HubEnrolArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let locale = self.locale();
        let hub = self.open_hub(&args.store.hub)?;
        // The first till of a store makes it.
        let store = match &args.store.store {
            Some(store) => store.clone(),
            None => self.hub_store(&hub, &args.store)?,
        };
        let replaces = match &args.replace {
            Some(device) => Some(self.hub_device(&hub, &store, device, &args.store.hub)?.device.0),
            None => None,
        };
        let code = hub.new_code(&store, replaces, Utc::now());
        let code = code.map_err(|error| self.hub_failed(&error, &args.store.hub))?.text();
        let until = Local::now() + TimeDelta::seconds(CODE_SECONDS);
        let url = self.serving_at();
        let mut said = vec![
            locale.format(
                "hub-code",
                &[
                    ("store", store.into()),
                    ("minutes", (CODE_SECONDS / 60).into()),
                    ("time", locale.time(until.time()).into()),
                ],
            ),
            String::new(),
            format!("        {code}"),
            String::new(),
            locale.text("hub-code-at-the-till").into_owned(),
            format!("    olvido sync enrol {} {code}", url.as_deref().unwrap_or("https://HUB:7878")),
        ];
        if url.is_none() {
            said.push(locale.text("hub-code-not-serving").into_owned());
        }
        self.say(&said.join("\n"), out)
    }

    /// Where a hub of this directory serves, or served last before it was cut off.
    fn serving_at(&self) -> Option<String> {
        let url = fs::read_to_string(self.data.hub_address()).ok()?;
        // At all addresses: which of them the tills use is not known here.
        Some(url.trim().replace("//0.0.0.0:", "//HUB:").replace("//[::]:", "//HUB:"))
    }
}
