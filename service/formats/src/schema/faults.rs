//! What does not fit and where, as people read it. Nothing is written out that nobody will see, and
//! nothing at length: names, values and patterns come from strangers.
use serde_json::Value;
use std::fmt::{self, Display, Write as _};

/// Faults that are told of one check.
const FAULTS: usize = 10;
/// Bytes of a place, and of what is wrong there.
const PLACE: usize = 200;
const MESSAGE: usize = 300;

/// A place in the value, as a chain that leads up.
#[derive(Clone, Copy)]
pub struct At<'a>(Option<(&'a At<'a>, Step<'a>)>);

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    pub const TOP: At<'static> = At(None);

    pub fn member(&'a self, name: &'a str) -> At<'a> {
        At(Some((self, Step::Member(name))))
    }

    pub fn item(&'a self, n: usize) -> At<'a> {
        At(Some((self, Step::Item(n))))
    }
}

impl Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some((above, Step::Member(name))) => write!(f, "{above}/{name}"),
            Some((above, Step::Item(n))) => write!(f, "{above}/{n}"),
        }
    }
}

#[derive(Default)]
pub struct Faults {
    told: Vec<String>,
    found: bool,
    /// Only whether there is one is asked.
    silent: bool,
}

impl Faults {
    pub fn silent() -> Self {
        Self { silent: true, ..Self::default() }
    }

    pub fn add(&mut self, at: &At<'_>, message: impl Display) {
        self.found = true;
        if self.silent || self.told.len() >= FAULTS {
            return;
        }
        let place = if at.0.is_none() { "it".to_owned() } else { clipped(at, PLACE) };
        self.told.push(format!("{place} {}", clipped(message, MESSAGE)));
    }

    pub fn any(&self) -> bool {
        self.found
    }

    pub fn told(self) -> Vec<String> {
        self.told
    }
}

/// Why it cannot be told.
pub fn unknown(why: impl Display) -> String {
    clipped(why, MESSAGE)
}

/// The beginning of it; what comes after is not even written.
fn clipped(what: impl Display, most: usize) -> String {
    let mut clip = Clip { text: String::new(), most };
    if write!(clip, "{what}").is_err() {
        clip.text.push('…');
    }
    clip.text
}

struct Clip {
    text: String,
    most: usize,
}

impl fmt::Write for Clip {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let left = self.most.saturating_sub(self.text.len());
        let end = more.floor_char_boundary(left);
        self.text.push_str(&more[..end]);
        if end < more.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

/// `string or null`.
pub struct Kinds<'a>(pub &'a [Value]);

impl Display for Kinds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, kind) in self.0.iter().filter_map(Value::as_str).enumerate() {
            let before = if n == 0 { "" } else { " or " };
            write!(f, "{before}{kind}")?;
        }
        Ok(())
    }
}
