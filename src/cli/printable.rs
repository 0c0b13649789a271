//! What people read holds names of files, products and tills that came from elsewhere. A control sign in one of them
//! could move the cursor, change what stands on the screen already, or let a name read otherwise than it is
//! written. So everything that commands say goes through here, to a terminal, a pipe or a file alike.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::domain::text::is_unseen;

fn is_hidden(sign: char) -> bool {
    !matches!(sign, '\n' | '\t') && is_unseen(sign)
}

/// The text with every hidden sign written out, as `\u001b`: what JSON writes, too, so that a text inside JSON stays
/// the same to whoever reads it.
pub fn printable(text: &str) -> Cow<'_, str> {
    // Most of what is said, and quickly seen.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.bytes().all(is_plain) || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for sign in text.chars() {
        if is_hidden(sign) {
            for unit in sign.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(sign);
        }
    }
    Cow::Owned(shown)
}

/// Writes only what is printable. What is no UTF-8 is shown as U+FFFD.
pub struct Printable<W: Write> {
    out: W,
    /// The first bytes of a sign whose others are not there yet.
    begun: Vec<u8>,
}

impl<W: Write> Printable<W> {
    pub fn new(out: W) -> Printable<W> {
        Printable { out, begun: Vec::new() }
    }
}

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.begun.len(),
        };
        let text = String::from_utf8_lossy(&self.begun[..whole]);
        self.out.write_all(printable(&text).as_bytes())?;
        self.begun.drain(..whole);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_written_out() {
        for (text, shown) in [
            ("Leche 1 L, 1,15 €\n\tniño", "Leche 1 L, 1,15 €\n\tniño"),
            ("\u{1b}[31mno\u{7}\r", "\\u001b[31mno\\u0007\\u000d"),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}", "a\\u202eb\\u2066c\\u200bd\\ufeff"),
            ("\u{9b}2J\u{7f}", "\\u009b2J\\u007f"),
            ("tag\u{e0041}", "tag\\udb40\\udc41"),
            ("1\u{a0}234\u{202f}567", "1\u{a0}234\u{202f}567"),
        ] {
            assert_eq!(printable(text), shown);
            let read: String =
                serde_json::from_str(&format!("\"{}\"", shown.replace(['\n', '\t'], " "))).unwrap();
            assert_eq!(read, text.replace(['\n', '\t'], " "), "JSON reads the same");
        }
    }

    #[test]
    fn a_sign_may_come_in_pieces() {
        let text = "ñ€\u{202e}\u{1f600}x";
        for cut in 1..text.len() {
            let mut out = Printable::new(Vec::new());
            for piece in text.as_bytes().chunks(cut) {
                out.write_all(piece).unwrap();
            }
            assert_eq!(String::from_utf8(out.out).unwrap(), "ñ€\\u202e\u{1f600}x");
        }
        let mut out = Printable::new(Vec::new());
        out.write_all(b"a\xffb").unwrap();
        assert_eq!(String::from_utf8(out.out).unwrap(), "a\u{fffd}b");
    }
}
