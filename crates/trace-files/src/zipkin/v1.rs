//! Version 1: a span contains the reports of both sides of a call, distinguished by the endpoints of its annotations.

use std::collections::HashMap;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::Value;

use super::{Endpoint, Part, duration, start};
use crate::ids;
use crate::tags::{any, micros};

/// Time and endpoint of a core annotation.
#[derive(Clone, Debug)]
struct Core {
    time: u64,
    endpoint: Endpoint,
}

/// The core annotations: client and server send and receive, message send and receive, wire send and receive.
#[derive(Debug, Default)]
struct Cores {
    cs: Option<Core>,
    sr: Option<Core>,
    ss: Option<Core>,
    cr: Option<Core>,
    ms: Option<Core>,
    mr: Option<Core>,
    ws: Option<Core>,
    wr: Option<Core>,
}

impl Cores {
    /// Returns the annotation with a name, and the kind of its side.
    fn named(&mut self, name: &str) -> Option<(&mut Option<Core>, Option<SpanKind>)> {
        Some(match name {
            "cs" => (&mut self.cs, Some(SpanKind::Client)),
            "cr" => (&mut self.cr, Some(SpanKind::Client)),
            "sr" => (&mut self.sr, Some(SpanKind::Server)),
            "ss" => (&mut self.ss, Some(SpanKind::Server)),
            "ms" => (&mut self.ms, Some(SpanKind::Producer)),
            "mr" => (&mut self.mr, Some(SpanKind::Consumer)),
            "ws" => (&mut self.ws, None),
            "wr" => (&mut self.wr, None),
            _ => return None,
        })
    }
}

/// The span being split.
struct Source {
    empty: Part,
    start: u64,
    /// Nanoseconds; negative by a clock that was set back.
    duration: Option<i128>,
    /// The sides, each with its own service; the first one gets the rest.
    sides: Vec<Part>,
    by_service: HashMap<String, usize>,
}

/// Returns the sides of a call in a span, or an error.
pub(crate) fn spans(json: &Value) -> Result<Vec<Part>, &'static str> {
    let id_of = |name: &str| json[name].as_str();
    let trace_id = id_of("traceId").and_then(ids::trace_id).ok_or("span without traceId")?;
    let span_id = id_of("id").and_then(ids::span_id).ok_or("span without id")?;
    let empty = Part {
        parent: id_of("parentId").and_then(ids::parent_id),
        name: id_of("name").unwrap_or_default().to_owned(),
        ..Part::new(trace_id, span_id)
    };
    let mut source = Source {
        sides: vec![empty.clone()],
        by_service: HashMap::new(),
        empty,
        start: start(&json["timestamp"])?,
        duration: duration(&json["duration"])?.filter(|nano| *nano != 0),
    };
    let mut cores = source.annotations(&json["annotations"]);
    source.times(&mut cores);
    source.messages(&cores);
    source.binary_annotations(&json["binaryAnnotations"], &cores);
    Ok(source.sides)
}

/// Returns the nanoseconds from one annotation to another.
fn between(begin: &Core, end: &Core) -> i128 {
    i128::from(end.time) - i128::from(begin.time)
}

impl Source {
    /// Returns the side with this endpoint, creating it if missing.
    fn at(&mut self, endpoint: &Endpoint) -> &mut Part {
        if endpoint.is_empty() {
            return &mut self.sides[0];
        }
        if self.sides[0].local.is_empty() {
            self.sides[0].local.clone_from(endpoint);
            self.by_service.insert(endpoint.service.clone(), 0);
        }
        match self.by_service.get(&endpoint.service) {
            Some(at) => &mut self.sides[*at],
            None => self.fork(endpoint),
        }
    }

    fn fork(&mut self, endpoint: &Endpoint) -> &mut Part {
        let at = self.sides.len();
        self.by_service.entry(endpoint.service.clone()).or_insert(at);
        self.sides.push(Part {
            local: endpoint.clone(),
            ..self.empty.clone()
        });
        &mut self.sides[at]
    }

    fn annotations(&mut self, list: &Value) -> Cores {
        let mut cores = Cores::default();
        for annotation in list.as_array().into_iter().flatten() {
            let endpoint = Endpoint::read(&annotation["endpoint"]);
            let time = micros(&annotation["timestamp"]).unwrap_or_default();
            let name = annotation["value"].as_str().unwrap_or_default();
            let side = self.at(&endpoint);
            match cores.named(name).filter(|_| !endpoint.is_empty()) {
                Some((core, kind)) => {
                    side.kind = kind.or(side.kind);
                    *core = Some(Core { time, endpoint });
                }
                None => side.annotations.push((time, name.to_owned())),
            }
        }
        cores
    }

    /// Sets start and duration of each side of a call.
    fn times(&mut self, cores: &mut Cores) {
        // The span's own end replaces a missing start.
        let own_end = self
            .duration
            .and_then(|nano| u64::try_from(i128::from(self.start) + nano).ok())
            .filter(|_| self.start > 0);
        let start = self.start;
        let begun = |end: &Option<Core>| {
            end.clone()
                .filter(|end| Some(end.time) == own_end)
                .map(|end| Core { time: start, ..end })
        };
        cores.cs = cores.cs.take().or_else(|| begun(&cores.cr));
        cores.sr = cores.sr.take().or_else(|| begun(&cores.ss));
        match (&cores.cs, &cores.sr) {
            (Some(cs), Some(sr)) => {
                self.side_times(cs, cores.cr.as_ref());
                let server = if cs.endpoint.service == sr.endpoint.service {
                    self.at(&cs.endpoint).kind = Some(SpanKind::Client);
                    let server = self.fork(&sr.endpoint);
                    server.kind = Some(SpanKind::Server);
                    server
                } else {
                    self.at(&sr.endpoint)
                };
                (server.shared, server.start) = (true, sr.time);
                if let Some(ss) = &cores.ss {
                    server.lasts(between(sr, ss));
                }
            }
            (Some(cs), None) if cores.cr.is_some() => self.side_times(cs, cores.cr.as_ref()),
            (None, Some(sr)) if cores.ss.is_some() => self.side_times(sr, cores.ss.as_ref()),
            _ => self.incomplete(cores),
        }
        if let (None, Some(sr)) = (&cores.cs, &cores.sr)
            && (self.start == 0 || (cores.ss.is_some() && self.duration.is_none()))
        {
            // A span without its own time was started by another service.
            self.at(&sr.endpoint).shared = true;
        }
    }

    /// Uses the span's own times if present, else those of its annotations.
    fn side_times(&mut self, begin: &Core, end: Option<&Core>) {
        let own = self.duration.filter(|_| self.start > 0).map(|nano| (self.start, nano));
        let side = self.at(&begin.endpoint);
        side.start = own.map_or(begin.time, |(start, _)| start);
        if let Some(nano) = own.map(|(_, nano)| nano).or_else(|| Some(between(begin, end?))) {
            side.lasts(nano);
        }
    }

    /// Converts the ends of half a call to annotations.
    fn incomplete(&mut self, cores: &Cores) {
        for side in &mut self.sides {
            let (begin, end, name) = match side.kind {
                Some(SpanKind::Client) => (&cores.cs, &cores.cr, "cr"),
                Some(SpanKind::Server) => (&cores.sr, &cores.ss, "ss"),
                _ => continue,
            };
            side.start = begin.as_ref().map_or(side.start, |begin| begin.time);
            side.annotations.extend(end.as_ref().map(|end| (end.time, name.to_owned())));
        }
        if self.start > 0 {
            self.sides[0].start = self.start;
            if let Some(nano) = self.duration {
                self.sides[0].lasts(nano);
            }
        }
    }

    /// Sets the times of producers and consumers.
    fn messages(&mut self, cores: &Cores) {
        match (&cores.ms, &cores.mr) {
            (Some(ms), Some(mr)) => {
                let consumer = if ms.endpoint.service == mr.endpoint.service {
                    self.at(&ms.endpoint).kind = Some(SpanKind::Producer);
                    let consumer = self.fork(&mr.endpoint);
                    consumer.kind = Some(SpanKind::Consumer);
                    consumer
                } else {
                    self.at(&mr.endpoint)
                };
                consumer.shared = true;
                consumer.start = cores.wr.as_ref().unwrap_or(mr).time;
                if let Some(wr) = &cores.wr {
                    consumer.lasts(between(wr, mr));
                }
                let producer = self.at(&ms.endpoint);
                producer.start = ms.time;
                if let Some(ws) = &cores.ws {
                    producer.lasts(between(ms, ws));
                }
            }
            (Some(ms), None) => self.side_times(ms, cores.ws.as_ref()),
            (None, Some(mr)) => match &cores.wr {
                Some(wr) => self.side_times(wr, Some(mr)),
                None => self.side_times(mr, None),
            },
            (None, None) => {
                for (core, name) in [(&cores.ws, "ws"), (&cores.wr, "wr")] {
                    if let Some(core) = core {
                        self.at(&core.endpoint).annotations.push((core.time, name.to_owned()));
                    }
                }
            }
        }
    }

    /// Adds tags, and the addresses of the called (`sa`, `ma`) or calling (`ca`) service.
    fn binary_annotations(&mut self, list: &Value, cores: &Cores) {
        let (mut ca, mut sa, mut ma) = (None, None, None);
        for annotation in list.as_array().into_iter().flatten() {
            let endpoint = Endpoint::read(&annotation["endpoint"]);
            let (key, value) = (annotation["key"].as_str().unwrap_or_default(), &annotation["value"]);
            match (key, value) {
                ("ca", Value::Bool(true)) => ca = Some(endpoint),
                ("sa", Value::Bool(true)) => sa = Some(endpoint),
                ("ma", Value::Bool(true)) => ma = Some(endpoint),
                // It only names the service of a local span.
                ("lc", Value::String(component)) if component.is_empty() => {
                    self.at(&endpoint);
                }
                _ => {
                    self.at(&endpoint).tags.insert(key.to_owned(), any(value));
                }
            }
        }
        let [server, client] = [[&cores.sr, &cores.ss], [&cores.cs, &cores.cr]]
            .map(|[begin, end]| begin.as_ref().or(end.as_ref()).map(|core| core.endpoint.clone()));
        if server.is_none() && client.is_none() {
            let nowhere = Endpoint::default();
            match (ca, sa) {
                (Some(ca), Some(sa)) => self.at(&ca).remote = sa,
                (None, Some(sa)) => self.at(&nowhere).remote = sa,
                (Some(ca), None) => {
                    let side = self.at(&nowhere);
                    (side.kind, side.remote) = (Some(SpanKind::Server), ca);
                }
                (None, None) => {}
            }
        } else {
            if let (Some(mut ca), Some(server)) = (ca, server)
                && ca != server
            {
                if ca.service == server.service {
                    // Finagle sets the client's port under the server's own name.
                    ca.service.clear();
                }
                self.at(&server).remote = ca;
            }
            if let (Some(sa), Some(client)) = (sa, client) {
                self.at(&client).remote = sa;
            }
        }
        for side in [&cores.ms, &cores.mr].into_iter().flatten() {
            if let Some(ma) = &ma {
                self.at(&side.endpoint).remote = ma.clone();
            }
        }
    }
}
