//! Pages of lists: `?after=&limit=` in, `{items, next}` out. A cursor is opaque, signed,
//! and good only for the list and the caller that it was made for.
use crate::error::{Error, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ModelTrait, Order, PartialModelTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, sea_query::ValueType,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub const DEFAULT_LIMIT: u64 = 20;
pub const MAX_LIMIT: u64 = 100;
const MAC_BYTES: usize = 16;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    /// Items on a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

impl PageQuery {
    pub fn limit(&self) -> Result<u64> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(n) if (1..=MAX_LIMIT).contains(&n) => Ok(n),
            Some(_) => Err(Error::invalid("limit", "1 to 100")),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Page<T: ToSchema> {
    pub items: Vec<T>,
    /// Hand it back as `after` for the next page; null on the last.
    pub next: Option<String>,
}

/// Signs the cursors of one list for one caller.
pub struct Cursors<'a> {
    pub key: &'a [u8; 32],
    /// The list, its filters and the caller: a cursor made elsewhere does not fit.
    pub context: String,
}

impl Cursors<'_> {
    fn mac(&self, payload: &[u8]) -> Result<Hmac<sha2::Sha256>> {
        let mut mac =
            Hmac::<sha2::Sha256>::new_from_slice(self.key).map_err(|e| Error::internal(e.to_string()))?;
        mac.update(&(self.context.len() as u64).to_be_bytes());
        mac.update(self.context.as_bytes());
        mac.update(payload);
        Ok(mac)
    }

    pub fn seal<T: Serialize>(&self, position: &T) -> Result<String> {
        let payload = serde_json::to_vec(position)?;
        let mut out = self.mac(&payload)?.finalize().into_bytes()[..MAC_BYTES].to_vec();
        out.extend_from_slice(&payload);
        Ok(URL_SAFE_NO_PAD.encode(out))
    }

    /// A page of rows in the order of their ids, and the cursor of the next one.
    pub async fn by_id<C: ConnectionTrait, E: EntityTrait>(
        &self,
        db: &C,
        rows: Select<E>,
        id: E::Column,
        order: Order,
        page: &PageQuery,
    ) -> Result<(Vec<E::Model>, Option<String>)> {
        let rows = self.walk(rows, id, order, page)?.all(db).await?;
        let last = |row: &E::Model| {
            <Uuid as ValueType>::try_from(row.get(id)).map_err(|e| Error::internal(e.to_string()))
        };
        self.cut(rows, page, last)
    }

    /// The same of a part of each row.
    pub async fn parts_by_id<C: ConnectionTrait, E: EntityTrait, P: PartialModelTrait>(
        &self,
        db: &C,
        rows: Select<E>,
        (id, order): (E::Column, Order),
        page: &PageQuery,
        of: impl Fn(&P) -> Uuid,
    ) -> Result<(Vec<P>, Option<String>)> {
        let rows = self.walk(rows, id, order, page)?.into_partial_model::<P>().all(db).await?;
        self.cut(rows, page, |row| Ok(of(row)))
    }

    fn walk<E: EntityTrait>(
        &self,
        rows: Select<E>,
        id: E::Column,
        order: Order,
        page: &PageQuery,
    ) -> Result<Select<E>> {
        let beyond = |at: Uuid| if order == Order::Desc { id.lt(at) } else { id.gt(at) };
        let after = self.open::<Uuid>(page.after.as_deref())?.map(beyond);
        let rows = rows.filter(Condition::all().add_option(after)).order_by(id, order);
        // One more than is shown tells whether there is another page.
        Ok(rows.limit(page.limit()? + 1))
    }

    fn cut<T>(
        &self,
        mut rows: Vec<T>,
        page: &PageQuery,
        id: impl Fn(&T) -> Result<Uuid>,
    ) -> Result<(Vec<T>, Option<String>)> {
        let limit = page.limit()?;
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let Some(last) = rows.last().filter(|_| more) else { return Ok((rows, None)) };
        let next = self.seal(&id(last)?)?;
        Ok((rows, Some(next)))
    }

    pub fn open<T: DeserializeOwned>(&self, cursor: Option<&str>) -> Result<Option<T>> {
        let Some(text) = cursor else { return Ok(None) };
        let wrong = || Error::invalid("after", "not a cursor of this list; start again without it");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        let (mac, payload) = bytes.split_at_checked(MAC_BYTES).ok_or_else(wrong)?;
        self.mac(payload)?.verify_truncated_left(mac).map_err(|_| wrong())?;
        serde_json::from_slice(payload).map(Some).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_fits_only_its_own_list_and_every_flipped_byte_is_refused() -> Result<()> {
        let list = |context: &str| Cursors { key: &[7; 32], context: context.into() };
        let cursor = list("a").seal(&("name", 1))?;
        let back: Option<(String, i32)> = list("a").open(Some(&cursor))?;
        assert_eq!(back, Some(("name".into(), 1)));
        assert!(list("b").open::<(String, i32)>(Some(&cursor)).is_err());
        for i in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(bytes).unwrap_or_default();
            assert!(list("a").open::<(String, i32)>(Some(&text)).is_err(), "{i}");
        }
        Ok(())
    }
}
