//! Numbers, strings and characters.

use super::cursor::Cursor;
use super::token::TokenKind;
use super::tree::Number;
use crate::diagnostics::{Code, Diagnostic};

/// `12`, `-1_000`, `0xff`, `0b1`, `0o7`, `1.5`, `1e9`, `-inf`.
pub(super) fn number<'t>(lexer: &mut Cursor<'t, '_>) -> TokenKind<'t> {
    let start = lexer.at;
    let negative = lexer.peek() == Some('-');
    let signed = lexer.eat('-') || lexer.eat('+');
    // The longest run that could be meant as one number, so that a mistake in it is one mistake.
    let body = lexer.at;
    lexer.eat_while(|c| c == '_' || c.is_ascii_alphanumeric());
    let radix = radix(&lexer.text[body..lexer.at]);
    if radix == 10 {
        decimal_tail(lexer, body);
        if lexer.text[body..lexer.at].ends_with('.') && lexer.peek() == Some('.') {
            return range(lexer, start);
        }
    }
    let text = &lexer.text[body..lexer.at];
    match text {
        "inf" if signed => {
            return TokenKind::Float(if negative { -f64::INFINITY } else { f64::INFINITY });
        }
        "NaN" if signed => return TokenKind::Float(f64::NAN),
        _ => {}
    }
    let digits = if radix == 10 { text } else { &text[2..] };
    if radix == 10 && text.contains(['.', 'e', 'E']) {
        return float(lexer, start, text, negative);
    }
    let wrong = digits.chars().find(|c| *c != '_' && !c.is_digit(radix));
    if digits.is_empty() || digits.starts_with('_') || wrong.is_some() {
        return bad_number(lexer, start, wrong, radix);
    }
    let mut magnitude = 0u128;
    for digit in digits.chars().filter_map(|c| c.to_digit(radix)) {
        let next = magnitude
            .checked_mul(u128::from(radix))
            .and_then(|shifted| shifted.checked_add(u128::from(digit)));
        match next {
            Some(next) => magnitude = next,
            None => return too_large(lexer, start),
        }
    }
    let number = Number { negative, magnitude, radix };
    if negative && number.to_i128().is_none() {
        return too_large(lexer, start);
    }
    TokenKind::Int(number)
}

/// `1..100`, read as far as its first point.
fn range<'t>(lexer: &mut Cursor<'t, '_>, start: usize) -> TokenKind<'t> {
    let least = lexer.text[start..lexer.at].trim_end_matches('.');
    lexer.at += 1;
    lexer.eat('=');
    let most = lexer.eat_while(|c| matches!(c, '_' | '.' | '-') || c.is_ascii_alphanumeric());
    lexer.report(
        Diagnostic::new(Code::BadNumber, lexer.span(start), "a range has no dots", "")
            .help(format!("write `({least}, {most})`; both ends are allowed values")),
    );
    TokenKind::Bad
}

fn radix(text: &str) -> u32 {
    match text.get(..2) {
        Some("0x") => 16,
        Some("0b") => 2,
        Some("0o") => 8,
        _ => 10,
    }
}

/// The fraction and a signed exponent, which are not alphanumeric.
fn decimal_tail(lexer: &mut Cursor<'_, '_>, body: usize) {
    if lexer.peek() == Some('.') {
        lexer.at += 1;
        lexer.eat_while(|c| c == '_' || c.is_ascii_alphanumeric());
    }
    let so_far = &lexer.text[body..lexer.at];
    if so_far.ends_with(['e', 'E'])
        && so_far.starts_with(|c: char| c.is_ascii_digit())
        && (lexer.eat('-') || lexer.eat('+'))
    {
        lexer.eat_while(|c| c == '_' || c.is_ascii_alphanumeric());
    }
}

/// A decimal with digits on both sides of the point; finite.
fn float<'t>(
    lexer: &mut Cursor<'t, '_>,
    start: usize,
    text: &str,
    negative: bool,
) -> TokenKind<'t> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| {
        !part.is_empty()
            && !part.starts_with('_')
            && part.chars().all(|c| c == '_' || c.is_ascii_digit())
    };
    let exponent_digits = |part: &str| digits(part.strip_prefix(['+', '-']).unwrap_or(part));
    let well_formed =
        digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(exponent_digits);
    let value: Option<f64> = well_formed.then(|| text.replace('_', "").parse().ok()).flatten();
    match value {
        Some(value) if value.is_finite() => TokenKind::Float(if negative { -value } else { value }),
        Some(_) => too_large(lexer, start),
        None => bad_number(lexer, start, None, 10),
    }
}

fn bad_number<'t>(
    lexer: &mut Cursor<'t, '_>,
    start: usize,
    wrong: Option<char>,
    radix: u32,
) -> TokenKind<'t> {
    let label = match wrong {
        Some(c) => format!("`{c}` is not a digit to base {radix}"),
        None => String::new(),
    };
    lexer.report(
        Diagnostic::new(Code::BadNumber, lexer.span(start), "this is not a number", label)
            .help("numbers are written `12`, `-1_000`, `0xff`, `0o17`, `0b101` or `1.5e3`, without a suffix"),
    );
    TokenKind::Bad
}

fn too_large<'t>(lexer: &mut Cursor<'t, '_>, start: usize) -> TokenKind<'t> {
    lexer.report(Diagnostic::new(
        Code::NumberTooLarge,
        lexer.span(start),
        "this number is too large for any type",
        "does not fit 128 bits, or an F64",
    ));
    TokenKind::Bad
}

/// `"text"`, with escapes; may run over several lines.
pub(super) fn string<'t>(lexer: &mut Cursor<'t, '_>) -> TokenKind<'t> {
    let start = lexer.at;
    lexer.at += 1;
    let mut text = String::new();
    let mut whole = true;
    loop {
        match lexer.bump() {
            Some('"') if whole => return TokenKind::Str(text),
            Some('"') => return TokenKind::Bad,
            Some('\\') => match escape(lexer) {
                Escape::Char(c) => text.push(c),
                Escape::Continuation => {}
                Escape::Bad => whole = false,
            },
            Some(c) => text.push(c),
            None => return unclosed(lexer, start, 1),
        }
    }
}

/// `r"text"`, `r#"text"#`: no escapes.
pub(super) fn raw_string<'t>(lexer: &mut Cursor<'t, '_>) -> TokenKind<'t> {
    let start = lexer.at;
    lexer.at += 1;
    let hashes = lexer.eat_while(|c| c == '#').len();
    if !lexer.eat('"') {
        lexer.eat_while(|c| c == '_' || c.is_ascii_alphanumeric());
        lexer.unsupported(start, "raw identifiers are not needed: every name works as it is");
        return TokenKind::Bad;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let Some(len) = lexer.rest().find(&end) else {
        return unclosed(lexer, start, 2 + hashes);
    };
    let text = lexer.rest()[..len].to_owned();
    lexer.at += len + end.len();
    TokenKind::Str(text)
}

fn unclosed<'t>(lexer: &mut Cursor<'t, '_>, start: usize, opening: usize) -> TokenKind<'t> {
    lexer.lost = true;
    let mut span = lexer.span(start);
    span.end = (start + opening) as u32;
    lexer.report(
        Diagnostic::new(Code::UnclosedString, span, "this string is never closed", "begins here")
            .help("if this is a closing quote, the opening one of its string is missing above"),
    );
    TokenKind::Bad
}

/// `'c'`.
pub(super) fn character<'t>(lexer: &mut Cursor<'t, '_>) -> TokenKind<'t> {
    let start = lexer.at;
    lexer.at += 1;
    let value = match lexer.bump() {
        Some('\\') => match escape(lexer) {
            Escape::Char(c) => Some(c),
            Escape::Continuation | Escape::Bad => None,
        },
        Some('\'' | '\n') | None => None,
        Some(c) => Some(c),
    };
    if let (Some(c), true) = (value, lexer.eat('\'')) {
        return TokenKind::Char(c);
    }
    // Up to the quote that was meant, if it stands on this line.
    lexer.eat_while(|c| !matches!(c, '\'' | '\n' | ',' | ')'));
    lexer.eat('\'');
    lexer.report(
        Diagnostic::new(Code::UnclosedString, lexer.span(start), "this is not a character", "")
            .help("text is written between double quotes: `\"text\"`"),
    );
    TokenKind::Bad
}

enum Escape {
    Char(char),
    /// A backslash at the end of a line: it and the next line's indentation vanish.
    Continuation,
    Bad,
}

/// What follows a backslash.
fn escape(lexer: &mut Cursor<'_, '_>) -> Escape {
    let start = lexer.at - 1;
    if lexer.rest().starts_with("\r\n") || lexer.rest().starts_with('\n') {
        lexer.eat_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
        return Escape::Continuation;
    }
    let value = match lexer.peek() {
        Some('x') => {
            lexer.at += 1;
            hex(lexer, 2, 2).and_then(|n| u8::try_from(n).ok()).filter(u8::is_ascii).map(char::from)
        }
        Some('u') => {
            lexer.at += 1;
            unicode(lexer)
        }
        Some(c) => {
            let value = simple(c);
            if value.is_some() || c.is_ascii_alphanumeric() {
                lexer.at += 1;
            }
            value
        }
        None => None,
    };
    match value {
        Some(c) => Escape::Char(c),
        None => {
            lexer.report(
                Diagnostic::new(
                    Code::BadEscape,
                    lexer.span(start),
                    "this escape is not known",
                    "",
                )
                .help(r#"escapes are `\n`, `\r`, `\t`, `\0`, `\\`, `\"`, `\'`, `\x41` (ASCII) and `\u{1f600}`; a backslash itself is `\\`"#),
            );
            Escape::Bad
        }
    }
}

fn simple(c: char) -> Option<char> {
    Some(match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        '\\' | '"' | '\'' => c,
        _ => return None,
    })
}

/// `{1f600}`, 1 to 6 digits.
fn unicode(lexer: &mut Cursor<'_, '_>) -> Option<char> {
    if !lexer.eat('{') {
        return None;
    }
    let value = hex(lexer, 1, 6);
    if !lexer.eat('}') {
        return None;
    }
    char::from_u32(value?)
}

/// Between `least` and `most` hex digits.
fn hex(lexer: &mut Cursor<'_, '_>, least: usize, most: usize) -> Option<u32> {
    let rest = lexer.rest();
    let len = rest.bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
    lexer.at += len;
    if len < least { None } else { u32::from_str_radix(&rest[..len], 16).ok() }
}
