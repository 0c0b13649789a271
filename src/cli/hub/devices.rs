//! `olvido hub devices` and `olvido hub revoke`.

use std::io::Write;

use chrono::{DateTime, Local, Utc};
use serde::Serialize;

use crate::cli::args::{HubArgs, HubDevicesArgs, HubRevokeArgs, HubStoreArgs};
use crate::cli::problem::Problem;
use crate::cli::run::{DONE, Session, written};
use crate::sync::hub::{DeviceInfo, DeviceState, Hub};
use crate::sync::record::Series;

/// Digits of a device's id that are shown to people, and the fewest that name it.
const SHOWN: usize = 8;
const FEWEST: usize = 4;

#[derive(Serialize)]
struct OfStore {
    store: String,
    devices: Vec<DeviceInfo>,
}

impl Session {
    pub(super) fn hub_devices(&self, args: &HubDevicesArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let hub = self.existing_hub(&args.store.hub)?;
        let of_stores = self.of_stores(&hub, &args.store, |store| hub.devices(store))?;
        let of_stores: Vec<OfStore> =
            of_stores.into_iter().map(|(store, devices)| OfStore { store, devices }).collect();
        if args.json {
            let json = serde_json::to_string(&of_stores).expect("devices are JSON");
            return self.say(&json, out);
        }
        let mut said = Vec::new();
        for OfStore { store, devices } in &of_stores {
            said.push(self.locale().format("hub-devices-of", &[("store", store.into())]));
            if devices.is_empty() {
                said.push(format!("  {}", self.locale().text("hub-devices-none")));
            }
            for device in devices {
                said.extend(self.device_lines(device));
            }
        }
        if of_stores.is_empty() {
            said.push(self.locale().text("hub-no-store-next").into_owned());
        }
        written(writeln!(out, "{}", said.join("\n")).map_err(Into::into), self.locale())?;
        Ok(DONE)
    }

    /// What the hub says of each store that is meant: the one named, else all.
    pub(super) fn of_stores<T>(
        &self,
        hub: &Hub,
        args: &HubStoreArgs,
        ask: impl Fn(&str) -> Result<T, crate::sync::hub::HubError>,
    ) -> Result<Vec<(String, T)>, Problem> {
        let failed = |error| self.hub_failed(&error, &args.hub);
        let stores = match args.store {
            Some(_) => vec![self.hub_store(hub, args)?],
            None => hub.stores().map_err(failed)?,
        };
        stores
            .into_iter()
            .map(|store| {
                let said = ask(&store).map_err(failed)?;
                Ok((store, said))
            })
            .collect()
    }

    fn device_lines(&self, device: &DeviceInfo) -> Vec<String> {
        let locale = self.locale();
        let state = match device.state {
            DeviceState::Active => "hub-device-active",
            DeviceState::Closed => "hub-device-closed",
            DeviceState::Revoked => "hub-device-revoked",
        };
        let id = &device.device.to_string()[..SHOWN];
        let through =
            |series| i64::try_from(device.through.get(&series).copied().unwrap_or(0)).unwrap_or(i64::MAX);
        let seen =
            device.seen_at.map_or_else(|| locale.text("hub-device-never").into_owned(), |at| self.moment(at));
        let mut lines = vec![
            format!(
                "  {id}  {}",
                locale.format(
                    "hub-device",
                    &[
                        ("name", device.name.as_str().into()),
                        ("epoch", device.epoch.into()),
                        ("state", locale.text(state)[..].into()),
                        ("seen", seen.into()),
                    ],
                )
            ),
            format!(
                "            {}",
                locale.format(
                    "hub-device-has",
                    &[
                        ("tickets", through(Series::Ticket).into()),
                        ("purchases", through(Series::Purchase).into()),
                        ("forgets", through(Series::Forget).into()),
                    ],
                )
            ),
        ];
        if device.waiting > 0 && device.state == DeviceState::Active {
            let count = i64::try_from(device.waiting).unwrap_or(i64::MAX);
            lines.push(format!(
                "            {}",
                locale.format("hub-device-behind", &[("count", count.into())])
            ));
        }
        if device.conflicts > 0 {
            let count = i64::try_from(device.conflicts).unwrap_or(i64::MAX);
            lines.push(format!(
                "            {}",
                locale.format("hub-device-conflicts", &[("count", count.into())])
            ));
        }
        if device.owes_forgets && device.state == DeviceState::Active {
            lines.push(format!("            {}", locale.text("hub-device-owes")));
        }
        lines
    }

    /// Day and time here.
    pub(super) fn moment(&self, at: DateTime<Utc>) -> String {
        let at = at.with_timezone(&Local);
        format!("{} {}", self.locale().date(at.date_naive()), self.locale().time(at.time()))
    }

    pub(super) fn hub_revoke(&self, args: &HubRevokeArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let hub = self.existing_hub(&args.store.hub)?;
        let store = self.hub_store(&hub, &args.store)?;
        let device = self.hub_device(&hub, &store, &args.device, &args.store.hub)?;
        let revoked =
            hub.revoke(&store, device.device).map_err(|error| self.hub_failed(&error, &args.store.hub))?;
        let key = if revoked { "hub-revoked" } else { "hub-revoked-before" };
        self.say(&self.locale().format(key, &[("name", device.name.into())]), out)
    }

    /// The device that is meant: by the first digits of its id, or by its name, where only one has it. Its
    /// latest epoch.
    pub(super) fn hub_device(
        &self,
        hub: &Hub,
        store: &str,
        named: &str,
        args: &HubArgs,
    ) -> Result<DeviceInfo, Problem> {
        let devices = hub.devices(store).map_err(|error| self.hub_failed(&error, args))?;
        let digits = named.to_ascii_lowercase();
        let meant = |device: &&DeviceInfo| {
            device.name == named
                || digits.len() >= FEWEST && device.device.to_string().starts_with(digits.as_str())
        };
        let latest = devices.iter().filter(meant).max_by_key(|device| device.epoch);
        let [none, several] = [
            ["hub-no-such-device", "hub-no-such-device-next"],
            ["hub-which-device", "hub-which-device-next"],
        ];
        let refused =
            |[what, next]: [&str; 2]| Problem { place: Some(named.to_owned()), ..self.refusal(what, next) };
        let latest = latest.ok_or_else(|| refused(none))?;
        match devices.iter().filter(meant).all(|device| device.device == latest.device) {
            true => Ok(latest.clone()),
            false => Err(refused(several)),
        }
    }
}
