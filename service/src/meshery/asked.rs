//! What a list is asked for: words, a page by number, an order. Everything is a closed set or a number within
//! bounds before it gets near a statement. Knows no list.
use super::wire::{both, camel};
use crate::error::{Error, Result};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde_json::{Value, json};
use uuid::Uuid;

/// Most rows of a page, whatever is asked for.
pub const MOST_ROWS: u64 = 1000;
const LARGEST_PAGE: u64 = 10_000;
/// Most words in a list: each becomes a term of a statement, and SQLite refuses one that is too deep.
pub const MOST_WORDS: usize = 20;
/// Characters of documents in one page.
const BUDGET: i64 = 16 * 1024 * 1024;

/// The parameters of a query, each under all the names that clients have for it.
pub struct Asked(Vec<(String, String)>);

impl FromRequest for Asked {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
        std::future::ready(match pairs.iter().any(|(_, value)| value.contains('\0')) {
            true => Err(Error::invalid("query", "texts must not contain NUL")),
            false => Ok(Self(pairs)),
        })
    }
}

impl Asked {
    /// The first that is not empty.
    pub fn one(&self, names: &[&str]) -> Option<&str> {
        let named = |(name, value): &&(String, String)| names.contains(&name.as_str()) && !value.is_empty();
        self.0.iter().find(named).map(|(_, value)| value.as_str())
    }

    /// A list: repeated, between commas, or a JSON array; each word once.
    pub fn list(&self, names: &[&str]) -> Result<Vec<String>> {
        let words = |value: &str| -> Vec<String> {
            serde_json::from_str(value)
                .unwrap_or_else(|_| value.split(',').map(|w| w.trim().to_owned()).collect())
        };
        let named = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        let mut all = vec![];
        for word in named.flat_map(|(_, value)| words(value)).filter(|w| !w.is_empty()) {
            if all.contains(&word) {
                continue;
            }
            if all.len() == MOST_WORDS {
                return Err(Error::invalid(names[0], format!("at most {MOST_WORDS} words")));
            }
            all.push(word);
        }
        Ok(all)
    }

    pub fn page(&self) -> Result<Pages> {
        let number = |field: &str, text: &str, most: u64| {
            let n = text.parse::<u64>().ok().filter(|n| *n <= most);
            n.ok_or_else(|| Error::invalid(field, format!("a whole number up to {most}")))
        };
        let page = self.one(&["page"]).map_or(Ok(0), |text| number("page", text, 1_000_000))?;
        let size = self.one(&["pagesize", "pageSize", "page_size"]);
        let size = size.map_or(Ok(25), |text| number("pagesize", text, LARGEST_PAGE))?;
        if size == 0 {
            return Err(Error::invalid("pagesize", "at least 1"));
        }
        Ok(Pages { page, size: size.min(MOST_ROWS) })
    }

    pub fn search(&self) -> Result<Option<&str>> {
        let text = self.one(&["search"]).map(str::trim).filter(|t| !t.is_empty());
        match text.is_some_and(|t| t.chars().count() > 200) {
            true => Err(Error::invalid("search", "at most 200 characters")),
            false => Ok(text),
        }
    }

    pub fn order(&self) -> Result<Order> {
        self.order_among(&[])
    }

    /// The order of a list that has more columns than those of every list.
    pub fn order_among(&self, more: &Columns) -> Result<Order> {
        self.one(&["order"]).map_or(Ok(Order::default()), |text| Order::parse(text, more))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Pages {
    pub page: u64,
    pub size: u64,
}

impl Pages {
    pub fn offset(self) -> u64 {
        self.page.saturating_mul(self.size)
    }

    /// Those of these texts that are sent along, of which the size is known: a page has all of its rows, but not
    /// more of their texts than fit into its budget. Who wants one of the others asks for it alone.
    pub fn that_fit(sizes: &[(Uuid, i64)]) -> Vec<Uuid> {
        let mut left = BUDGET;
        let fits = |(_, size): &&(Uuid, i64)| match *size <= left {
            true => {
                left -= size;
                true
            }
            false => false,
        };
        sizes.iter().filter(fits).map(|(id, _)| *id).collect()
    }

    /// The page's object, with the rows under the name of what they are.
    pub fn reply(self, name: &str, rows: Vec<Value>, total: u64) -> Value {
        let mut page = both(json!({"page": self.page, "page_size": self.size, "total_count": total}));
        page[name] = Value::Array(rows);
        page
    }

    /// The rows of this page of a list that is in memory.
    pub fn of(self, name: &str, rows: Vec<Value>) -> Value {
        let total = rows.len() as u64;
        let from = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let rows = rows.into_iter().skip(from).take(usize::try_from(self.size).unwrap_or(usize::MAX));
        self.reply(name, rows.collect(), total)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Name,
    Created,
    Updated,
}

/// A closed set: nothing that came from outside gets near a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub by: By,
    pub falling: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self { by: By::Updated, falling: true }
    }
}

/// Columns by which a page of Meshery sorts one of its lists, and what of ours that is; where it is nothing, the
/// list comes in its usual order instead of not at all.
pub type Columns = [(&'static str, Option<By>)];

impl Order {
    fn parse(text: &str, more: &Columns) -> Result<Self> {
        let wrong = || {
            let known = "`name`, `created_at` or `updated_at`, and `asc` or `desc` after a space";
            Error::invalid("order", format!("lists are ordered by {known}"))
        };
        let mut words = text.split_whitespace();
        let word = words.next().ok_or_else(wrong)?;
        let falling = match (words.next(), words.next()) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => return Err(wrong()),
        };
        let common = [("name", By::Name), ("created_at", By::Created), ("updated_at", By::Updated)];
        let known = common.into_iter().map(|(name, by)| (name, Some(by))).chain(more.iter().copied());
        let mut named = known.filter(|(name, _)| word == *name || word == camel(name));
        let (_, by) = named.next().ok_or_else(wrong)?;
        Ok(by.map_or_else(Self::default, |by| Self { by, falling }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_a_closed_set() {
        let more = [("updated_on", Some(By::Updated)), ("mesh", None)];
        let parse = |text: &str| Order::parse(text, &more);
        assert_eq!(parse("updated_at desc").unwrap(), Order::default());
        assert_eq!(parse("createdAt").unwrap(), Order { by: By::Created, falling: false });
        assert_eq!(parse("updatedOn asc").unwrap(), Order { by: By::Updated, falling: false });
        assert_eq!(parse("mesh asc").unwrap(), Order::default());
        for bad in
            ["", "id", "name;--", "name desc, id", "name desc nulls", "1", "(select 1)", "NAME", "mesh x"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(Order::parse("mesh", &[]).is_err());
    }

    #[test]
    fn a_page_has_the_texts_that_fit() {
        let ids: Vec<_> = (0..4).map(|_| Uuid::new_v4()).collect();
        let sizes: Vec<_> = ids.iter().copied().zip([BUDGET - 2, 3, BUDGET + 1, 2]).collect();
        assert_eq!(Pages::that_fit(&sizes), [ids[0], ids[3]]);
    }
}
