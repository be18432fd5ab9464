//! What the dissector is to show, by what the interpreter read.
//!
//! Used by the tests beside it, and by that of the programs' traffic.

use std::net::IpAddr;
use std::ops::Range;

use proto_gen::backends::layout::{item_filter, snake};
use proto_gen::dynamic::{FRAME_HEADER_LEN, Step, Value, What};
use proto_gen::schema::{Message, Schema, Ty, TypeId, TypeKind};

/// One field that is to be shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// The filter, without the protocol.
    pub(super) name: String,
    /// Bytes, counted from the start of the frame.
    pub(super) range: Range<usize>,
    pub(super) value: Showing,
}

/// What stands there.
#[derive(Clone, Debug)]
pub(super) enum Showing {
    Number(i128),
    Unsigned(u128),
    Text(String),
    Bytes(Vec<u8>),
    Float(f64),
    Ip(IpAddr),
    /// A time span, in nanoseconds.
    Span(u64),
    /// A point in time, in microseconds since 1970.
    Time(i64),
}

impl Shown {
    /// Whether `show` is how it looks.
    pub(super) fn agrees(&self, show: &str) -> bool {
        match &self.value {
            Showing::Number(wanted) => number(show) == Some(*wanted),
            Showing::Unsigned(wanted) => show.parse() == Ok(*wanted),
            Showing::Text(wanted) => plain(show) == plain(wanted),
            Showing::Bytes(wanted) => {
                let digits: String = show.chars().filter(char::is_ascii_hexdigit).collect();
                let wanted: String = wanted.iter().map(|byte| format!("{byte:02x}")).collect();
                digits == wanted
            }
            Showing::Float(wanted) => show.parse().is_ok_and(|found: f64| close(found, *wanted)),
            Showing::Ip(wanted) => show.parse() == Ok(*wanted),
            Showing::Span(nanos) => {
                show == format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
            }
            Showing::Time(micros) => micros_since_1970(show) == Some(i128::from(*micros)),
        }
    }
}

/// A number, as `tshark` writes it: in hex, in decimal, or a bool.
fn number(show: &str) -> Option<i128> {
    match show.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None if show == "True" => Some(1),
        None if show == "False" => Some(0),
        None => show.parse().ok(),
    }
}

/// `Jan  1, 2026 12:00:00.000000000 UTC`, as `tshark` writes a time.
fn micros_since_1970(show: &str) -> Option<i128> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let words: Vec<&str> = show.split_whitespace().collect();
    let [month, day, year, time, "UTC"] = words[..] else { return None };
    let month = MONTHS.find(month)? as i128 / 3;
    let (day, year): (i128, i128) = (day.trim_end_matches(',').parse().ok()?, year.parse().ok()?);
    // Days of the years before, counted from March on so that a leap day is the last.
    let (month, year) = ((month + 10) % 12, year - i128::from(month < 2));
    let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap + (month * 153 + 2) / 5 + day - 1 - 719_468;
    let (clock, nanos) = time.split_once('.')?;
    let mut seconds: i128 = 0;
    for part in clock.split(':') {
        seconds = seconds * 60 + part.parse::<i128>().ok()?;
    }
    Some((days * 86_400 + seconds) * 1_000_000 + nanos.parse::<i128>().ok()? / 1_000)
}

/// A text without what `tshark` escapes in one way or another: control characters, which it
/// writes as `\n` or `\x4`, quotes and backslashes.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\x07'..='\r' => out.push(char::from(b"abtnvfr"[letter as usize - 7])),
            letter if letter.is_ascii_control() => out.push_str(&format!("x{:x}", letter as u32)),
            '"' | '\\' => {}
            letter => out.push(letter),
        }
    }
    out
}

/// Six digits are shown.
fn close(found: f64, wanted: f64) -> bool {
    found == wanted
        || found.is_nan() && wanted.is_nan()
        || (found - wanted).abs() <= wanted.abs() * 1e-5
}

/// How the names of what is in a group are made.
#[derive(Clone)]
enum Names {
    /// Fields: this, a dot, and the field's name.
    Fields(String),
    /// Elements: this, whatever the index.
    Elements(String),
}

/// What is shown of a frame of `message` with `value`, which was read in `steps`.
pub(super) fn expected(
    schema: &Schema,
    message: &Message,
    steps: &[Step],
    value: &[u8],
) -> Vec<Shown> {
    let mut out = Vec::new();
    let mut add = |name: String, range: Range<usize>, value: Showing| {
        let range = range.start + FRAME_HEADER_LEN..range.end + FRAME_HEADER_LEN;
        out.push(Shown { name, range, value });
    };
    let mut stack = vec![Names::Fields(item_filter(&message.meta.name))];
    for (index, step) in steps.iter().enumerate() {
        stack.truncate(step.depth + 1);
        let name = match &stack[step.depth] {
            Names::Fields(prefix) => format!("{prefix}.{}", step.name),
            // A count is the group's own.
            Names::Elements(name) if matches!(step.what, What::Count(_)) => name.clone(),
            Names::Elements(name) if step.name.ends_with(".key") => format!("{name}.key"),
            Names::Elements(name) if step.name.ends_with(".value") => format!("{name}.value"),
            Names::Elements(name) => name.clone(),
        };
        let Range { start, end } = step.range;
        let header = |add: &mut dyn FnMut(String, Range<usize>, Showing),
                      id_name: &str,
                      id,
                      len| {
            add(id_name.to_owned(), start..start + 2, Showing::Number(i128::from(id)));
            add("record.len".to_owned(), start + 2..start + 6, Showing::Number(i128::from(len)));
        };
        match &step.what {
            What::Length(len) => {
                let before = index.checked_sub(1).map(|before| &steps[before].what);
                let name = match before {
                    Some(What::Group(Ty::Named(id))) if is_struct(schema, *id) => {
                        format!("{}.struct_len", item_filter(&schema.type_def(*id).meta.name))
                    }
                    _ => format!("{name}.len"),
                };
                add(name, start..end, Showing::Number(i128::from(*len)));
            }
            What::Count(count) => {
                add(format!("{name}.count"), start..end, Showing::Number(i128::from(*count)));
            }
            What::Present(present) => {
                let value = Showing::Number(i128::from(*present));
                add(format!("{name}.present"), start..end, value);
            }
            What::TailHeader { id, len } => header(&mut add, "record.id", *id, *len),
            What::VariantHeader { id, len, known } => {
                header(&mut add, if *known { "record.id" } else { "unknown.id" }, *id, *len);
                if let (Names::Fields(prefix), true) = (&stack[step.depth], known) {
                    let variant = format!("{prefix}.{}", snake(&step.name));
                    stack[step.depth] = Names::Fields(variant);
                }
            }
            What::UnknownTail { id, .. } => {
                let len = (end - start - FRAME_HEADER_LEN) as u32;
                header(&mut add, "unknown.id", *id, len);
                let bytes = value[start + FRAME_HEADER_LEN..end].to_vec();
                add("unknown.value".to_owned(), start + 6..end, Showing::Bytes(bytes));
            }
            What::UnknownVariant(bytes) => {
                add("unknown.value".to_owned(), start..end, Showing::Bytes(bytes.clone()));
            }
            What::Group(Ty::Named(id)) => {
                stack.push(Names::Fields(item_filter(&schema.type_def(*id).meta.name)));
            }
            What::Group(_) => stack.push(Names::Elements(name)),
            What::Leaf(ty, value) => {
                leaf(&mut add, name.clone(), start..end, value);
                for (bit, is_set) in bits(schema, ty, value) {
                    let value = Showing::Number(i128::from(is_set));
                    add(format!("{name}.{bit}"), start..end, value);
                }
            }
        }
    }
    let header =
        [("message", 0..2, i128::from(message.id)), ("message.len", 2..6, value.len() as i128)];
    let header = header.map(|(name, range, number)| Shown {
        name: name.to_owned(),
        range,
        value: Showing::Number(number),
    });
    header.into_iter().chain(out).collect()
}

fn is_struct(schema: &Schema, id: TypeId) -> bool {
    matches!(schema.type_def(id).kind, TypeKind::Struct(_))
}

/// The bits of flags by name, and whether they are set; nothing of another type.
fn bits(schema: &Schema, ty: &Ty, value: &Value) -> Vec<(String, bool)> {
    let (Ty::Named(id), Value::Flags(set)) = (ty, value) else { return Vec::new() };
    let TypeKind::Flags(def) = &schema.type_def(*id).kind else { return Vec::new() };
    let bits = def.bits.iter();
    bits.map(|bit| (snake(&bit.meta.name), set >> bit.bit & 1 == 1)).collect()
}

fn leaf(
    add: &mut dyn FnMut(String, Range<usize>, Showing),
    name: String,
    range: Range<usize>,
    value: &Value,
) {
    let mut ip = |ip: IpAddr, range: Range<usize>| {
        let family = if ip.is_ipv4() { "ip4" } else { "ip6" };
        add(format!("{name}.{family}"), range, Showing::Ip(ip));
    };
    let shown = match value {
        Value::Ip(address) => return ip(*address, range.start + 1..range.end),
        Value::SocketAddr(address) => {
            ip(address.ip(), range.start + 1..range.end - 2);
            let port = Showing::Number(i128::from(address.port()));
            return add(format!("{name}.port"), range.end - 2..range.end, port);
        }
        Value::Bool(value) => Showing::Number(i128::from(*value)),
        Value::Unsigned(number) => Showing::Unsigned(*number),
        Value::Signed(number) => Showing::Number(*number),
        Value::Duration(nanos) => Showing::Span(*nanos),
        Value::Timestamp(micros) => Showing::Time(*micros),
        Value::Enum(number) => Showing::Number(i128::from(*number)),
        Value::Flags(bits) => Showing::Number(i128::from(*bits)),
        Value::F32(bits) => Showing::Float(f64::from(f32::from_bits(*bits))),
        Value::F64(bits) => Showing::Float(f64::from_bits(*bits)),
        // It would end the text, so its symbol is shown.
        Value::Str(text) => Showing::Text(text.replace('\0', "\u{2400}")),
        Value::Bytes(bytes) => Showing::Bytes(bytes.clone()),
        Value::Uuid(bytes) => Showing::Bytes(bytes.to_vec()),
        // Groups are no leaves.
        Value::List(_) | Value::Map(_) | Value::Opt(_) | Value::Struct(_) | Value::Union(_) => {
            return;
        }
    };
    add(name, range, shown);
}
