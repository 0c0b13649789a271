//! Bytes to text.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::ImportError;

pub(super) struct Text<'a> {
    pub(super) text: Cow<'a, str>,
    /// The encoding's name: `UTF-8`, `windows-1252`, `UTF-16LE` or `UTF-16BE`.
    pub(super) encoding: &'static str,
}

impl<'a> Text<'a> {
    /// Text by its byte order mark, else UTF-8 if it is that, else Windows-1252.
    /// Errors: `Empty`, `NotText`.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Text<'a>, ImportError> {
        let text = match Encoding::for_bom(bytes) {
            Some((encoding, mark)) => {
                let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
                Text { text, encoding: encoding.name() }
            }
            None => match std::str::from_utf8(bytes) {
                Ok(text) => Text { text: Cow::Borrowed(text), encoding: UTF_8.name() },
                Err(_) => {
                    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
                    Text { text, encoding: WINDOWS_1252.name() }
                }
            },
        };
        // No text has NUL, and all archives and databases do: so do .xlsx and .ods files.
        if text.text.contains('\0') {
            return Err(ImportError::NotText);
        }
        if text.text.trim().is_empty() { Err(ImportError::Empty) } else { Ok(text) }
    }
}
