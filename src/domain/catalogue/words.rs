//! How names and questions are compared: without case, accents or punctuation.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text in lower case without accents, its words separated by one space: "Café  Ñandú-3" becomes
/// "cafe nandu 3".
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// The order of skus: by their letters in lower case.
pub(super) fn sku_order(a: &str, b: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
}

/// Adds the folded text to `folded`, whose words and its own then run together.
pub(super) fn fold_into(text: &str, folded: &mut String) {
    if text.is_ascii() {
        for byte in text.bytes() {
            push(char::from(byte.to_ascii_lowercase()), folded);
        }
    } else {
        for c in text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase) {
            match c {
                // Letters that Unicode does not take apart.
                'ß' => folded.push_str("ss"),
                'æ' => folded.push_str("ae"),
                'œ' => folded.push_str("oe"),
                'ø' => folded.push('o'),
                'ł' => folded.push('l'),
                'đ' | 'ð' => folded.push('d'),
                'ı' => folded.push('i'),
                // What lower case takes apart again, as in a capital İ.
                c if is_combining_mark(c) => {}
                c => push(c, folded),
            }
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
}

fn push(c: char, folded: &mut String) {
    if c.is_alphanumeric() {
        folded.push(c);
    } else if !folded.is_empty() && !folded.ends_with(' ') {
        folded.push(' ');
    }
}
