//! The values of settings: what a flag takes, a file takes as well, in quotes or as a plain number.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use netport::Dial;
use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

/// A time: `1m 30s`, `250ms`, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(Duration);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds =
            text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let time = seconds.or_else(|| humantime::parse_duration(text).ok());
        time.map(Self).ok_or_else(|| "expected a time: 1m 30s, 250ms, or seconds".to_owned())
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl From<Duration> for Time {
    fn from(time: Duration) -> Self {
        Self(time)
    }
}

impl From<Time> for Duration {
    fn from(Time(time): Time) -> Self {
        time
    }
}

/// What may be without a limit: `none`, or `never` of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit<T>(Option<T>);

impl<T: FromStr<Err: Display>> FromStr for Limit<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" | "none" => Ok(Self(None)),
            text => text
                .parse()
                .map(|limit| Self(Some(limit)))
                .map_err(|error: T::Err| format!("{error}; or `none`")),
        }
    }
}

impl<T: Display> Display for Limit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(limit) => limit.fmt(f),
            None => f.write_str("none"),
        }
    }
}

impl From<Option<Duration>> for Limit<Time> {
    fn from(limit: Option<Duration>) -> Self {
        Self(limit.map(Time))
    }
}

impl From<Limit<Time>> for Option<Duration> {
    fn from(Limit(limit): Limit<Time>) -> Self {
        limit.map(Duration::from)
    }
}

impl From<Option<u32>> for Limit<u32> {
    fn from(limit: Option<u32>) -> Self {
        Self(limit)
    }
}

impl From<Limit<u32>> for Option<u32> {
    fn from(Limit(limit): Limit<u32>) -> Self {
        limit
    }
}

impl From<Option<usize>> for Limit<usize> {
    fn from(limit: Option<usize>) -> Self {
        Self(limit)
    }
}

impl From<Limit<usize>> for Option<usize> {
    fn from(Limit(limit): Limit<usize>) -> Self {
        limit
    }
}

/// No limit is as good as the greatest.
impl From<usize> for Limit<usize> {
    fn from(limit: usize) -> Self {
        Self((limit < usize::MAX).then_some(limit))
    }
}

impl From<Limit<usize>> for usize {
    fn from(Limit(limit): Limit<usize>) -> Self {
        limit.unwrap_or(usize::MAX)
    }
}

/// Whom a client dials: `all`, `on-demand` or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialMode(Dial);

impl FromStr for DialMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self(Dial::All)),
            "on-demand" => Ok(Self(Dial::OnDemand)),
            "never" => Ok(Self(Dial::Never)),
            _ => Err("expected all, on-demand or never".to_owned()),
        }
    }
}

impl Display for DialMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Dial::All => "all",
            Dial::OnDemand => "on-demand",
            Dial::Never => "never",
        })
    }
}

impl From<Dial> for DialMode {
    fn from(dial: Dial) -> Self {
        Self(dial)
    }
}

impl From<DialMode> for Dial {
    fn from(DialMode(dial): DialMode) -> Self {
        dial
    }
}

/// Reads a value as its flag does.
pub(super) fn deserialize<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    from.deserialize_any(Text(PhantomData)).map(Some)
}

/// Writes a value so that it can be read: numbers and truths plain, the rest in quotes.
pub(super) fn serialize<S: Serializer, T: Display>(
    value: &Option<T>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let text = value.as_ref().map(ToString::to_string).unwrap_or_default();
    match (text.parse::<u64>(), text.parse()) {
        // A name may be `007`, which is no way to write a number.
        (Ok(number), _) if number.to_string() == text => to.serialize_u64(number),
        (_, Ok(truth)) => to.serialize_bool(truth),
        _ => to.serialize_str(&text),
    }
}

struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err: Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes, a number, true or false")
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<T, E> {
        self.visit_str(&truth.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error| E::custom(format!("{text:?}: {error}")))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}
