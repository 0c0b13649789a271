//! Lines of a fixed number of columns. A column is one narrow character; wide ones take two, and
//! combining ones none (Unicode Standard Annex 11).

use unicode_width::UnicodeWidthStr;

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text without control characters and line breaks, which printers and terminals obey.
pub fn clean(text: &str) -> String {
    let visible = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.trim().chars().map(visible).collect()
}

/// The text, cut with `…` where it is wider than `columns`.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    text.char_indices()
        .rev()
        .map(|(end, _)| format!("{}…", text[..end].trim_end()))
        .find(|shorter| width(shorter) <= columns)
        .unwrap_or_default()
}

/// `left` cut to fit, and `right` at the right edge, a space or more between them. Where `right`
/// leaves `left` no room, it takes a line of its own.
pub fn row(left: &str, right: &str, columns: usize) -> Vec<String> {
    const LEAST_LEFT: usize = 8;
    let room = columns.saturating_sub(width(right) + 1);
    if room < LEAST_LEFT.min(width(left)) {
        return vec![cut(left, columns), right_aligned(right, columns)];
    }
    let left = cut(left, room);
    let gap = columns.saturating_sub(width(&left) + width(right));
    vec![format!("{left}{}{right}", " ".repeat(gap))]
}

/// The text at the right edge.
pub fn right_aligned(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(&text))))
}

/// The text broken between words into lines no wider than `columns`, each in the middle.
pub fn centred(text: &str, columns: usize) -> Vec<String> {
    let middle = |line: String| format!("{}{line}", " ".repeat(columns.saturating_sub(width(&line)) / 2));
    wrap(text, columns).into_iter().map(middle).collect()
}

/// The text broken between words, or, where one word is too wide, inside it.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if let Some(last) = lines.last_mut() {
            let longer = format!("{last} {word}");
            if width(&longer) <= columns {
                *last = longer;
                continue;
            }
        }
        lines.extend(pieces(word, columns));
    }
    lines
}

/// A word in pieces that fit; after a hyphen where there is one, as in receipt codes.
fn pieces(word: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = word;
    while width(rest) > columns {
        let fits = |&end: &usize| width(&rest[..end]) <= columns;
        let ends = || rest.char_indices().map(|(end, _)| end).filter(|&end| end > 0).rev();
        let hyphen = ends().filter(|&end| rest[..end].ends_with('-')).find(fits);
        // A single character wider than the paper cannot be shown.
        let Some(end) = hyphen.or_else(|| ends().find(fits)) else { return lines };
        lines.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    lines.push(rest.to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows() {
        for (left, right, columns, expected) in [
            ("Pan", "1,80", 12, vec!["Pan     1,80"]),
            ("Leche entera", "2,30", 14, vec!["Leche en… 2,30"]),
            ("Leche entera", "2,30", 12, vec!["Leche entera", "        2,30"]),
            ("Leche entera", "1.234.567,89", 12, vec!["Leche entera", "1.234.567,89"]),
            ("日本茶日本茶", "5", 10, vec!["日本茶…  5"]),
            ("", "5", 3, vec!["  5"]),
        ] {
            assert_eq!(row(left, right, columns), expected, "{left} {right}");
        }
    }

    #[test]
    fn paragraphs() {
        for (text, columns, expected) in [
            ("uno dos tres", 7, vec!["uno dos", "tres"]),
            ("ABCDE-FGHIJ-KLMNO", 13, vec!["ABCDE-FGHIJ-", "KLMNO"]),
            ("abcdefgh", 3, vec!["abc", "def", "gh"]),
            ("  ", 3, vec![]),
        ] {
            assert_eq!(wrap(text, columns), expected, "{text}");
        }
        assert_eq!(centred("sol", 8), ["  sol"]);
        assert_eq!(clean(" a\u{1b}[2J\nb "), "a [2J b");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_the_paper(left in "\\PC{0,60}", right in "[0-9.,]{0,20}", columns in 24usize..60) {
            let (left, row) = (clean(&left), row(&clean(&left), &right, columns));
            for line in row.into_iter().chain(wrap(&left, columns)).chain(centred(&left, columns)) {
                prop_assert!(width(&line) <= columns, "{:?}", line);
            }
        }
    }
}
