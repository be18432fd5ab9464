//! A cursor in nested regions: the items that every value consists of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::encode::FRAME_HEADER_LEN;
use super::fault::{Fault, FaultClass, Path};
use super::trace::{Step, What};
use super::value::Value;
use crate::schema::{Int, LenWidth, Message, Schema, Ty};

/// A cursor in nested regions.
pub(super) struct Reader<'a> {
    pub(super) schema: &'a Schema,
    pub(super) input: &'a [u8],
    /// Next byte to read.
    pub(super) pos: usize,
    /// End of the region; never less than `pos`, never more than `input.len()`.
    pub(super) end: usize,
    pub(super) path: Path,
    pub(super) skipped: bool,
    pub(super) depth: usize,
    pub(super) steps: Option<&'a mut Vec<Step>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        schema: &'a Schema,
        message: &Message,
        input: &'a [u8],
        steps: Option<&'a mut Vec<Step>>,
    ) -> Self {
        let path = Path::new(&message.meta.name);
        Self { schema, input, pos: 0, end: input.len(), path, skipped: false, depth: 0, steps }
    }

    pub(super) fn int(&mut self, int: Int) -> Result<Value, Fault> {
        let width = int.bytes() as usize;
        let number = self.number("number", width)?;
        // Little-endian two's complement: move the sign bit to the top, and back with the sign.
        let unused = 128 - 8 * width as u32;
        Ok(if int.is_signed() {
            Value::Signed(((number << unused) as i128) >> unused)
        } else {
            Value::Unsigned(number)
        })
    }

    pub(super) fn bool(&mut self) -> Result<bool, Fault> {
        let start = self.pos;
        match self.number("bool", 1)? {
            0 => Ok(false),
            1 => Ok(true),
            other => {
                let detail = format!("0 or 1 is wanted, found {other}");
                Err(self.fault(FaultClass::BadBool, start, detail))
            }
        }
    }

    pub(super) fn ip(&mut self) -> Result<IpAddr, Fault> {
        let start = self.pos;
        match self.number("address family", 1)? {
            4 => Ok(IpAddr::V4(Ipv4Addr::from(self.fixed::<4>("IPv4 address")?))),
            6 => Ok(IpAddr::V6(Ipv6Addr::from(self.fixed::<16>("IPv6 address")?))),
            other => {
                let detail = format!("4 or 6 is wanted, found {other}");
                Err(self.fault(FaultClass::BadFamily, start, detail))
            }
        }
    }

    /// A length, checked against `max`, then as many bytes.
    pub(super) fn counted_bytes(&mut self, name: &str, max: u32) -> Result<&'a [u8], Fault> {
        let start = self.pos;
        let len = self.prefix("length", LenWidth::for_bound(max))?;
        self.bounded(start, len, max)?;
        self.step(name, start, What::Length(len));
        self.take("bytes", len as usize)
    }

    /// A count, checked against `max` and against the bytes left.
    pub(super) fn count(&mut self, name: &str, max: u32, elem_min: u64) -> Result<u32, Fault> {
        let start = self.pos;
        let count = self.prefix("count", LenWidth::for_bound(max))?;
        self.bounded(start, count, max)?;
        let left = self.end - self.pos;
        if u64::from(count).saturating_mul(elem_min) > left as u64 {
            let detail =
                format!("{count} elements of at least {elem_min} bytes, where {left} are left");
            return Err(self.fault(FaultClass::CountTooLarge, start, detail));
        }
        self.step(name, start, What::Count(count));
        Ok(count)
    }

    pub(super) fn bounded(&self, start: usize, found: u32, max: u32) -> Result<(), Fault> {
        if found > max {
            let detail = format!("{found}, where {max} is the most allowed");
            return Err(self.fault(FaultClass::OverBound, start, detail));
        }
        Ok(())
    }

    pub(super) fn record_header(&mut self) -> Result<(u16, u32), Fault> {
        let header: [u8; FRAME_HEADER_LEN] = self.fixed("record header")?;
        let [i0, i1, l0, l1, l2, l3] = header;
        Ok((u16::from_le_bytes([i0, i1]), u32::from_le_bytes([l0, l1, l2, l3])))
    }

    pub(super) fn prefix(&mut self, what: &str, width: LenWidth) -> Result<u32, Fault> {
        Ok(self.number(what, width.bytes() as usize)? as u32)
    }

    /// A little-endian number of `width` bytes, at most 16.
    pub(super) fn number(&mut self, what: &str, width: usize) -> Result<u128, Fault> {
        let bytes = self.take(what, width)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte)))
    }

    pub(super) fn fixed<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Fault> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(what, N)?);
        Ok(out)
    }

    pub(super) fn take(&mut self, what: &str, len: usize) -> Result<&'a [u8], Fault> {
        self.announced(what, len)?;
        let start = self.pos;
        self.pos += len;
        Ok(&self.input[start..self.pos])
    }

    /// Refuses what does not fit in what the region has left.
    pub(super) fn announced(&self, what: &str, len: usize) -> Result<(), Fault> {
        let left = self.end - self.pos;
        if len > left {
            let detail = format!("{what}: {len} bytes wanted, {left} left");
            return Err(self.fault(FaultClass::Truncated, self.pos, detail));
        }
        Ok(())
    }

    /// Narrows the region to the next `len` bytes, which are there; returns the end to restore.
    pub(super) fn enter(&mut self, len: usize) -> usize {
        std::mem::replace(&mut self.end, self.pos + len)
    }

    pub(super) fn fault(&self, class: FaultClass, offset: usize, detail: String) -> Fault {
        Fault { class, offset, path: self.path.text().to_owned(), detail }
    }

    pub(super) fn step(&mut self, name: &str, start: usize, what: What) {
        if let Some(steps) = &mut self.steps {
            let path = self.path.text().to_owned();
            let range = start..self.pos;
            steps.push(Step { depth: self.depth, name: name.to_owned(), path, range, what });
        }
    }

    pub(super) fn leaf(&mut self, name: &str, start: usize, ty: &Ty, value: &Value) {
        if self.steps.is_some() {
            self.step(name, start, What::Leaf(ty.clone(), value.clone()));
        }
    }

    /// Begins a group; `close` gives it its end.
    pub(super) fn open(&mut self, name: &str, ty: &Ty) -> Option<usize> {
        let index = self.steps.as_ref().map(|steps| steps.len());
        if index.is_some() {
            self.step(name, self.pos, What::Group(ty.clone()));
        }
        self.depth += 1;
        index
    }

    pub(super) fn close(&mut self, open: Option<usize>) {
        self.depth -= 1;
        if let (Some(steps), Some(index)) = (&mut self.steps, open) {
            steps[index].range.end = self.pos;
        }
    }
}
