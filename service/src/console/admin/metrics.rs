//! What the metrics say of the requests that this process served, read from their own text. Pure.
use std::collections::BTreeMap;

const REQUESTS: &str = "tamis_http_requests_total{";
const SECONDS: &str = "tamis_http_request_seconds_sum{";

#[derive(Debug, Default, PartialEq)]
pub struct Served {
    /// By the first digit of their status: 2 to 5.
    pub by_class: BTreeMap<u8, i64>,
    /// The routes that most was asked of, first.
    pub routes: Vec<Route>,
}

#[derive(Debug, PartialEq)]
pub struct Route {
    pub name: String,
    pub requests: i64,
    /// Of one, on average.
    pub milliseconds: f64,
}

fn label<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

/// The route as it is told, and the number at the end.
fn read(line: &str) -> Option<(String, f64)> {
    let (labels, value) = line.rsplit_once(' ')?;
    let name = format!("{} {}", label(labels, "method")?, label(labels, "route")?);
    Some((name, value.parse().ok()?))
}

pub fn served(text: &str, most: usize) -> Served {
    let mut by_class = BTreeMap::new();
    let mut routes: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for line in text.lines() {
        if line.starts_with(REQUESTS) {
            let Some((name, n)) = read(line) else { continue };
            let class = label(line, "status").and_then(|s| s.bytes().next()).unwrap_or(b'0') - b'0';
            *by_class.entry(class).or_default() += n as i64;
            routes.entry(name).or_default().0 += n;
        } else if line.starts_with(SECONDS) {
            let Some((name, seconds)) = read(line) else { continue };
            routes.entry(name).or_default().1 += seconds;
        }
    }
    let route = |(name, (n, seconds)): (String, (f64, f64))| {
        let milliseconds = if n > 0.0 { seconds * 1000.0 / n } else { 0.0 };
        Route { name, requests: n as i64, milliseconds }
    };
    let mut routes: Vec<_> = routes.into_iter().map(route).collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.requests));
    routes.truncate(most);
    Served { by_class, routes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_added_up_by_route_and_by_kind_of_answer() {
        let text = "# TYPE tamis_http_requests_total counter\n\
            tamis_http_requests_total{method=\"GET\",route=\"/a/{b}\",status=\"200\"} 6\n\
            tamis_http_requests_total{method=\"GET\",route=\"/a/{b}\",status=\"404\"} 2\n\
            tamis_http_requests_total{method=\"POST\",route=\"/c\",status=\"201\"} 1\n\
            tamis_http_request_seconds{method=\"GET\",route=\"/a/{b}\",quantile=\"0.5\"} 9\n\
            tamis_http_request_seconds_sum{method=\"GET\",route=\"/a/{b}\"} 0.016\n\
            tamis_http_request_seconds_count{method=\"GET\",route=\"/a/{b}\"} 8\nnonsense\n";
        let served = served(text, 1);
        assert_eq!(served.by_class, BTreeMap::from([(2, 7), (4, 2)]));
        assert_eq!(served.routes, [Route { name: "GET /a/{b}".into(), requests: 8, milliseconds: 2.0 }]);
    }
}
