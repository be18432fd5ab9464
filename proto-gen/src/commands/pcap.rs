//! TCP streams out of a capture file: classic `pcap` and `pcapng`, IPv4 and IPv6.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes that were sent in one direction of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// `127.0.0.1:4000 -> 127.0.0.1:5000`.
    pub name: String,
    /// The bytes, in order, as far as the capture has them all.
    pub bytes: Vec<u8>,
    /// Whether the capture lacks the bytes that follow, and has later ones.
    pub hole: bool,
}

/// Whether `input` begins like a capture file.
pub(super) fn is_capture(input: &[u8]) -> bool {
    Classic::order(input).is_some() || input.starts_with(&NG_SECTION)
}

/// Each direction of each TCP connection, in the order of its first packet.
///
/// # Errors
///
/// In words, where the file is no capture, or of a link type that is not known here. What is no
/// TCP is ignored; where segments are missing, the stream ends with a hole.
pub(super) fn streams(input: &[u8]) -> Result<Vec<Stream>, String> {
    let packets = if input.starts_with(&NG_SECTION) {
        packets_ng(input)
    } else {
        let order = Classic::order(input).ok_or("this is neither pcap nor pcapng")?;
        packets_classic(input, order)
    };
    let mut directions: Vec<Direction<'_>> = Vec::new();
    let mut latest: HashMap<Ends, usize> = HashMap::new();
    for (link_type, packet) in packets {
        let Some(ip) = ip_packet(link_type, packet)? else { continue };
        let Some((ends, segment)) = tcp_segment(ip) else { continue };
        let found = latest.get(&ends).and_then(|index| directions.get_mut(*index));
        match found.filter(|direction| !direction.is_over_by(&segment)) {
            Some(direction) => direction.segments.push(segment),
            None => {
                latest.insert(ends, directions.len());
                directions.push(Direction { ends, segments: vec![segment] });
            }
        }
    }
    let streams = directions.into_iter().map(|direction| {
        let (bytes, hole) = assemble(&direction.segments);
        let (from, to) = direction.ends;
        Stream { name: format!("{from} -> {to}"), bytes, hole }
    });
    Ok(streams.filter(|stream| !stream.bytes.is_empty()).collect())
}

/// Sender and receiver.
type Ends = (SocketAddr, SocketAddr);

/// One direction of a connection.
struct Direction<'a> {
    ends: Ends,
    segments: Vec<Segment<'a>>,
}

impl Direction<'_> {
    /// Whether the segment begins another connection between the same ends.
    fn is_over_by(&self, segment: &Segment<'_>) -> bool {
        let again = |earlier: &Segment<'_>| earlier.syn && earlier.sequence == segment.sequence;
        segment.syn && !self.segments.iter().any(again)
    }
}

/// One TCP segment.
struct Segment<'a> {
    sequence: u32,
    syn: bool,
    data: &'a [u8],
}

/// Puts segments in order, up to the first hole; what was sent again is there once. Whether there
/// is a hole.
fn assemble(segments: &[Segment<'_>]) -> (Vec<u8>, bool) {
    let first = segments.iter().find(|segment| segment.syn).or(segments.first());
    let Some(start) = first.map(|first| first.sequence.wrapping_add(u32::from(first.syn))) else {
        return (Vec::new(), false);
    };
    // Numbers count on from the first byte, beyond the 4 GiB after which TCP's begin again.
    let mut expected: u64 = 0;
    let mut parts: Vec<(u64, &[u8])> = Vec::new();
    for segment in segments {
        let sequence = segment.sequence.wrapping_add(u32::from(segment.syn)).wrapping_sub(start);
        let ahead = i64::from(sequence.wrapping_sub(expected as u32) as i32);
        // What is behind the first byte is of no stream that this capture has from its start.
        if let Some(at) = expected.checked_add_signed(ahead).filter(|_| !segment.data.is_empty()) {
            parts.push((at, segment.data));
            expected = expected.max(at + segment.data.len() as u64);
        }
    }
    parts.sort_by_key(|(at, _)| *at);
    let mut out: Vec<u8> = Vec::new();
    for (at, data) in parts {
        let Some(seen) = (out.len() as u64).checked_sub(at) else { return (out, true) };
        let seen = usize::try_from(seen).unwrap_or(usize::MAX);
        out.extend_from_slice(data.get(seen..).unwrap_or_default());
    }
    (out, false)
}

/// The IP packet in a frame of this link type; `None` where there is none in it.
fn ip_packet(link_type: u32, frame: &[u8]) -> Result<Option<&[u8]>, String> {
    const ETHERNET: u32 = 1;
    const RAW: [u32; 4] = [12, 101, 228, 229];
    const LOOPBACK: [u32; 2] = [0, 108];
    const LINUX_COOKED: u32 = 113;
    const LINUX_COOKED_2: u32 = 276;
    let header = match link_type {
        // A VLAN tag is four bytes more.
        ETHERNET if frame.get(12..14) == Some(&[0x81, 0]) => 18,
        ETHERNET => 14,
        LINUX_COOKED => 16,
        LINUX_COOKED_2 => 20,
        other if LOOPBACK.contains(&other) => 4,
        other if RAW.contains(&other) => 0,
        other => return Err(format!("link type {other} of the capture is not known here")),
    };
    Ok(frame.get(header..))
}

fn tcp_segment(ip: &[u8]) -> Option<(Ends, Segment<'_>)> {
    const TCP: u8 = 6;
    let (from, to, tcp): (IpAddr, IpAddr, &[u8]) = match ip.first()? >> 4 {
        4 => {
            let header = usize::from(ip[0] & 15) * 4;
            let len = usize::from(u16::from_be_bytes(*ip.get(2..)?.first_chunk()?));
            if *ip.get(9)? != TCP {
                return None;
            }
            let from: [u8; 4] = *ip.get(12..)?.first_chunk()?;
            let to: [u8; 4] = *ip.get(16..)?.first_chunk()?;
            // A length of 0 stands where the network card was to cut the packet.
            let end = if len == 0 { ip.len() } else { len.min(ip.len()) };
            (Ipv4Addr::from(from).into(), Ipv4Addr::from(to).into(), ip.get(header..end)?)
        }
        6 => {
            let len = usize::from(u16::from_be_bytes(*ip.get(4..)?.first_chunk()?));
            if *ip.get(6)? != TCP {
                return None;
            }
            let from: [u8; 16] = *ip.get(8..)?.first_chunk()?;
            let to: [u8; 16] = *ip.get(24..)?.first_chunk()?;
            let end = if len == 0 { ip.len() } else { (40 + len).min(ip.len()) };
            (Ipv6Addr::from(from).into(), Ipv6Addr::from(to).into(), ip.get(40..end)?)
        }
        _ => return None,
    };
    let port = |at: usize| Some(u16::from_be_bytes(*tcp.get(at..)?.first_chunk()?));
    let ends = (SocketAddr::new(from, port(0)?), SocketAddr::new(to, port(2)?));
    let sequence = u32::from_be_bytes(*tcp.get(4..)?.first_chunk()?);
    let header = usize::from(tcp.get(12)? >> 4) * 4;
    let syn = tcp.get(13)? & 2 != 0;
    Some((ends, Segment { sequence, syn, data: tcp.get(header..)? }))
}

/// The order of bytes in a file's numbers.
#[derive(Clone, Copy)]
enum Classic {
    Little,
    Big,
}

impl Classic {
    fn order(input: &[u8]) -> Option<Self> {
        match input.first_chunk()? {
            [0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1] => Some(Self::Little),
            [0xa1, 0xb2, 0xc3, 0xd4] | [0xa1, 0xb2, 0x3c, 0x4d] => Some(Self::Big),
            _ => None,
        }
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes: [u8; 4] = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }
}

/// Packets with their link type; a file that breaks off gives what it has.
fn packets_classic(input: &[u8], order: Classic) -> Vec<(u32, &[u8])> {
    const FILE_HEADER: usize = 24;
    const PACKET_HEADER: usize = 16;
    let link_type = order.u32(input, 20).unwrap_or(0) & 0x0fff_ffff;
    let mut packets = Vec::new();
    let mut at = FILE_HEADER;
    while let Some(len) = order.u32(input, at + 8) {
        let start = at + PACKET_HEADER;
        let Some(packet) = input.get(start..start.saturating_add(len as usize)) else { break };
        packets.push((link_type, packet));
        at = start + packet.len();
    }
    packets
}

/// Type of the block that begins a section of a `pcapng` file.
const NG_SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

fn packets_ng(input: &[u8]) -> Vec<(u32, &[u8])> {
    const INTERFACE: u32 = 1;
    const SIMPLE_PACKET: u32 = 3;
    const ENHANCED_PACKET: u32 = 6;
    let mut packets = Vec::new();
    let mut links: Vec<u32> = Vec::new();
    let mut order = Classic::Little;
    let mut rest = input;
    loop {
        if rest.starts_with(&NG_SECTION) {
            let little = rest.get(8..12) == Some(&[0x4d, 0x3c, 0x2b, 0x1a]);
            order = if little { Classic::Little } else { Classic::Big };
            links.clear();
        }
        let (Some(kind), Some(len)) = (order.u32(rest, 0), order.u32(rest, 4)) else { break };
        let len = len as usize;
        // The shortest block has a type and two lengths.
        let Some(body) = rest.get(8..len.saturating_sub(4)).filter(|_| len >= 12) else { break };
        let packet = match kind {
            INTERFACE => {
                links.push(order.u32(body, 0).unwrap_or(0) & 0xffff);
                None
            }
            ENHANCED_PACKET => {
                order.u32(body, 0).zip(order.u32(body, 12)).and_then(|(interface, len)| {
                    let link = *links.get(interface as usize)?;
                    Some((link, body.get(20..20_usize.saturating_add(len as usize))?))
                })
            }
            SIMPLE_PACKET => links.first().copied().zip(body.get(4..)),
            _ => None,
        };
        packets.extend(packet);
        rest = rest.get(len..).unwrap_or_default();
    }
    packets
}
