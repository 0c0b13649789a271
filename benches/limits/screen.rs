//! From a scan to the finished frame.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use olvido::domain::policy::Policy;
use olvido::domain::settings::Settings;
use olvido::ui::{Done, Event, Key, Model, Screen, event::KeyCodeless as _, update, view};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::shop::Shop;
use super::{Row, percentile, timed};
