//! What a port counts, as an exporter sees it. In a file of its own: a process has one recorder.

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};
use netport::LinkConfig;
use support::{
    Raw, TestPort, config, ended, frame, greet_of, greeted, next, opened, report, wait_until,
};
use tlv_core::messages::{GoodbyeReason, Lookup, Refuse, RefuseReason, Role};

/// For deadlines that are meant to pass.
const SHORT: Duration = Duration::from_millis(50);

/// Keeps every value under its name and labels.
#[derive(Clone, Default)]
struct Values {
    counters: Arc<Mutex<BTreeMap<String, Arc<Count>>>>,
    gauges: Arc<Mutex<BTreeMap<String, Arc<Level>>>>,
}

/// A counter that can hold up who counts.
#[derive(Default)]
struct Count {
    value: AtomicU64,
    gate: Mutex<()>,
    /// Who is at the gate.
    waiting: AtomicU64,
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        drop(self.gate.lock().expect("no panic"));
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.value.fetch_add(value, Ordering::Relaxed);
    }
    fn absolute(&self, value: u64) {
        self.value.store(value, Ordering::Relaxed);
    }
}

/// A gauge in whole units.
#[derive(Default)]
struct Level(AtomicI64);

impl GaugeFn for Level {
    fn increment(&self, value: f64) {
        self.0.fetch_add(value as i64, Ordering::Relaxed);
    }
    fn decrement(&self, value: f64) {
        self.0.fetch_sub(value as i64, Ordering::Relaxed);
    }
    fn set(&self, value: f64) {
        self.0.store(value as i64, Ordering::Relaxed);
    }
}

/// `name{label=value}`, as exporters write it.
fn shown(key: &Key) -> String {
    let labels: Vec<_> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
    if labels.is_empty() {
        key.name().to_owned()
    } else {
        format!("{}{{{}}}", key.name(), labels.join(","))
    }
}

impl Recorder for Values {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut counters = self.counters.lock().expect("no panic");
        Counter::from_arc(Arc::clone(counters.entry(shown(key)).or_default()))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let mut gauges = self.gauges.lock().expect("no panic");
        Gauge::from_arc(Arc::clone(gauges.entry(shown(key)).or_default()))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl Values {
    fn counter(&self, name: &str) -> u64 {
        let counters = self.counters.lock().expect("no panic");
        counters.get(name).map_or(0, |count| count.value.load(Ordering::Relaxed))
    }

    fn gauge(&self, name: &str) -> i64 {
        let gauges = self.gauges.lock().expect("no panic");
        gauges.get(name).map_or(0, |level| level.0.load(Ordering::Relaxed))
    }

    /// Counting follows what it counts by a moment.
    fn check(&self, name: &str, value: u64) {
        wait_until(&format!("{name} {value}, not {}", self.counter(name)), || {
            self.counter(name) == value
        });
    }

    /// Likewise for what rises and falls.
    fn check_gauge(&self, name: &str, value: i64) {
        wait_until(&format!("{name} at {value}"), || self.gauge(name) == value);
    }
}

#[test]
fn what_happens_is_counted() {
    // One test, in its parts: they share the recorder.
    let values = Values::default();
    metrics::set_global_recorder(values.clone()).expect("the only one");
    links_and_frames(&values);
    refusals(&values);
    backlog(&values);
    deadlines(&values);
    unknown_reasons(&values);
    a_slow_exporter(&values);
}

fn links_and_frames(values: &Values) {
    let ann = TestPort::start(config("ann"));
    let bob = TestPort::start(config("bob"));
    let (link, events) = ann.connect(bob.handle.local_addr());
    values.check_gauge("netport_links", 2);
    for _ in 0..10 {
        link.send(&greet_of("hello")).expect("the link is open");
        greeted(&events);
    }
    link.close(GoodbyeReason::Done);
    ended(&events);
    ended(&bob.seen);
    drop((ann, bob));
    values.check("netport_links_total{side=accepted}", 1);
    values.check("netport_links_total{side=dialled}", 1);
    values.check("netport_links_ended_total{reason=closed}", 1);
    values.check("netport_links_ended_total{reason=goodbye}", 1);
    // Two `Hello`, ten greetings and their answers, one `Goodbye`.
    values.check("netport_received_frames_total", 23);
    let sent = values.counter("netport_sent_bytes_total");
    values.check("netport_received_bytes_total", sent);
    values.check_gauge("netport_links", 0);
}

fn refusals(values: &Values) {
    let mut limited = config("port");
    limited.connections_max = Some(1);
    let port = TestPort::start(limited);
    let mut stranger = Raw::connect(port.handle.local_addr());
    wait_until("it is there", || port.handle.links().len() == 1);
    Raw::connect(port.handle.local_addr()).refused();
    values.check("netport_refusals_total{by=us,reason=Busy}", 1);
    stranger.write(b"GET / HTTP/1.1\r\n");
    stranger.refused();
    values.check("netport_refusals_total{by=us,reason=NotHello}", 1);
}

fn backlog(values: &Values) {
    let port = TestPort::start(config("port"));
    let deaf = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    while link.backlog_bytes() < 1000 {
        link.send(&greet_of("hello")).expect("there is room");
    }
    assert!(values.gauge("netport_backlog_bytes") > 0);
    drop(deaf);
    drop(port);
    assert_eq!(values.gauge("netport_backlog_bytes"), 0);
}

fn deadlines(values: &Values) {
    let mut short = config("port");
    short.link.heartbeat = Some(Duration::from_millis(10));
    let port = TestPort::start(short);
    let _quiet = Raw::open(port.handle.local_addr(), Role::Client);
    wait_until("heartbeats", || values.counter("netport_heartbeats_total") > 0);

    // One short deadline to a port: on a busy machine another might come first.
    let port = |shorten: fn(&mut LinkConfig)| {
        let mut short = config("port");
        shorten(&mut short.link);
        TestPort::start(short)
    };
    let idle = port(|link| (link.heartbeat, link.idle_timeout) = (None, Some(SHORT)));
    let _quiet = Raw::open(idle.handle.local_addr(), Role::Client);
    ended(&idle.seen);
    values.check("netport_deadlines_expired_total{deadline=idle}", 1);

    let handshake = port(|link| link.handshake_timeout = SHORT);
    let _silent = Raw::connect(handshake.handle.local_addr());
    ended(&handshake.seen);
    values.check("netport_deadlines_expired_total{deadline=handshake}", 1);

    let frames = port(|link| link.frame_timeout = SHORT);
    let mut slow = Raw::open(frames.handle.local_addr(), Role::Client);
    slow.write(&frame(&greet_of("half"))[..7]);
    ended(&frames.seen);
    values.check("netport_deadlines_expired_total{deadline=frame}", 1);

    let small = port(|link| link.backlog_bytes_max = 10_000);
    let _deaf = Raw::open(small.handle.local_addr(), Role::Client);
    let (link, _) = opened(&small.seen);
    link.call(Lookup::new("key"), SHORT).expect_err("nobody answers");
    values.check("netport_deadlines_expired_total{deadline=call}", 1);
    let text = greet_of(&"x".repeat(500));
    while link.send_timeout(&text, SHORT).is_ok() {}
    values.check("netport_deadlines_expired_total{deadline=send}", 1);
}

/// Whatever numbers peers choose, there is one counter for all that the spec does not name.
fn unknown_reasons(values: &Values) {
    let port = TestPort::start(config("port"));
    for reason in 1_000..1_010 {
        let mut raw = Raw::open(port.handle.local_addr(), Role::Client);
        raw.write(&frame(&Refuse::new(RefuseReason::from(reason), "no")));
        ended(&port.seen);
    }
    values.check("netport_refusals_total{by=peer,reason=Unknown}", 10);
}

/// It holds up who counts, and nobody else.
fn a_slow_exporter(values: &Values) {
    let port = TestPort::start(config("port"));
    let mut peer = Raw::open(port.handle.local_addr(), Role::Client);
    let (link, _) = opened(&port.seen);
    let count = Arc::clone(&values.counters.lock().expect("no panic")["netport_sent_bytes_total"]);
    let gate = count.gate.lock().expect("no panic");
    let sending = link.clone();
    let sender = thread::spawn(move || sending.send(&greet_of("hello")));
    wait_until("it counts", || count.waiting.load(Ordering::Relaxed) > 0);
    assert!(peer.frame().is_some(), "what is counted was sent");
    let (answer, answers) = channel();
    thread::spawn(move || report(&answer, link.backlog_bytes()));
    assert_eq!(next(&answers), 0);
    drop(gate);
    sender.join().expect("no panic").expect("the link is open");
}
