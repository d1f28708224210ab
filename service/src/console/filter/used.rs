//! How often a filter was used lately, as a chart: one bar a day, with what was downloaded, pulled and cloned.
use crate::{
    auth::FilterAccess,
    console::figures,
    counts::{
        report,
        view::{Counted, CountsQuery},
    },
    error::Result,
    state::State,
};

/// Of the drawing.
const HEIGHT: i64 = 50;

pub struct Used {
    pub total: Counted,
    pub bars: Vec<Bar>,
    /// The busiest day.
    pub most: i64,
}

/// One day.
pub struct Bar {
    pub x: usize,
    pub y: i64,
    pub height: i64,
    pub words: String,
}

fn all(counted: &Counted) -> i64 {
    counted.downloads + counted.pulls + counted.clones
}

/// The last thirty days.
pub async fn of(state: &State, access: &FilterAccess) -> Result<Used> {
    let query = CountsQuery { from: None, to: None, by: None, version: None };
    let counts = report::of_filter(state, access, &query).await?;
    let most = counts.items.iter().map(|span| all(&span.counted)).max().unwrap_or_default();
    let bar = |(i, span): (usize, &crate::counts::view::CountedSpan)| {
        let count = all(&span.counted);
        // A day without any keeps its place, as a line.
        let height = if count == 0 { 1 } else { (count * (HEIGHT - 2) / most.max(1)).max(3) };
        let words = format!("{}: {}", span.day, figures::count(count));
        Bar { x: i * 8, y: HEIGHT - height, height, words }
    };
    Ok(Used { bars: counts.items.iter().enumerate().map(bar).collect(), total: counts.total, most })
}

impl Used {
    pub fn words(&self) -> String {
        let Counted { downloads, pulls, clones, .. } = &self.total;
        let part = |n: &i64, one: &str| match n {
            1 => format!("1 {one}"),
            n => format!("{} {one}s", figures::count(*n)),
        };
        [part(downloads, "download"), part(pulls, "pull"), part(clones, "clone")].join(", ")
    }
}
