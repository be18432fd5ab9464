//! From the bytes of a request to those of its answer.

use std::fmt::Write as _;

use super::Page;

/// Longest request, with its headers, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// The answer to a request, once enough of it is there.
pub(super) fn answer(request: &[u8], page: &impl Fn(&str) -> Option<Page>) -> Option<Vec<u8>> {
    let Some(head) = head(request) else {
        let text = "the request is too long";
        return (request.len() > REQUEST_BYTES_MAX).then(|| error("431 Too Large", text));
    };
    let mut words = head.split(|byte| *byte == b' ');
    let line = (words.next(), words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some(version), None) = line else {
        return Some(error("400 Bad Request", "this is not HTTP/1"));
    };
    let Some(target) = str::from_utf8(target).ok().filter(|_| version.starts_with(b"HTTP/1."))
    else {
        return Some(error("400 Bad Request", "this is not HTTP/1"));
    };
    if method != b"GET" {
        return Some(response("405 Method Not Allowed", "Allow: GET\r\n", &plain("only GET")));
    }
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    Some(match page(path) {
        Some(page) => response("200 OK", "", &page),
        None => error("404 Not Found", "no such page"),
    })
}

/// The first line, once all of the headers are there.
fn head(request: &[u8]) -> Option<&[u8]> {
    let is_whole = request.windows(4).any(|end| end == b"\r\n\r\n")
        || request.windows(2).any(|end| end == b"\n\n");
    let line = request.split(|byte| *byte == b'\n').next().filter(|_| is_whole)?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

fn error(status: &str, text: &str) -> Vec<u8> {
    response(status, "", &plain(text))
}

pub(super) fn plain(text: &str) -> Page {
    Page { content_type: "text/plain; charset=utf-8", text: format!("{text}\n") }
}

fn response(status: &str, headers: &str, page: &Page) -> Vec<u8> {
    let Page { content_type, text } = page;
    let mut response = format!("HTTP/1.1 {status}\r\n{headers}");
    // Writing to a string does not fail.
    let _ = write!(
        response,
        "Content-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    response.into_bytes()
}
