//! Mail about what is in an inbox: one message for all that is new, and five minutes between two.
//! Names and what people said, as plain text: nothing in it opens anything. Whom it concerns was decided before.
use super::{inbox, view::About};
use crate::{
    auth::{
        Identity,
        caller::{Via, identity},
    },
    config::ServeArgs,
    db::WriteTxn,
    error::{Error, Result},
    jobs::{self, Job},
    state::State,
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::AsyncSmtpTransportBuilder,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use std::{collections::HashMap, time::Duration};
use tamis_entities::{
    event, inbox_item, mail_setting, user,
    value::{NoticeKind, Timestamp},
};
use uuid::Uuid;

/// The least time between two messages to one person.
const PAUSE: Duration = Duration::from_secs(5 * 60);
/// Older news are no news.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// A message that is due for so long was lost with its job.
const LOST: Duration = Duration::from_secs(6 * 3600);
/// Less than the lease of a job, so that no other worker writes meanwhile.
const WHOLE: Duration = Duration::from_secs(40);
const MOST_LINES: u64 = 50;

pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// None when the operator gave no server.
    pub fn open(serve: &ServeArgs) -> Result<Option<Self>> {
        let Some(url) = &serve.smtp_url else { return Ok(None) };
        let transport = transport(&url.0)?.timeout(Some(Duration::from_secs(15))).build();
        let from = serve.mail_from.as_deref().ok_or_else(|| {
            Error::invalid("--mail-from", "say whom mail is from, e.g. `Tamis <tamis@example.org>`")
        })?;
        let from = from.parse().map_err(|_| Error::invalid("--mail-from", "not a mail address"))?;
        Ok(Some(Self { transport, from }))
    }
}

/// The URL may hold a password, and so may what a parser says of it: neither is repeated.
fn transport(url: &str) -> Result<AsyncSmtpTransportBuilder> {
    let wrong = || Error::invalid("--smtp-url", "write it like smtps://user:password@host:465");
    let parsed = url::Url::parse(url).map_err(|_| wrong())?;
    let asked = parsed.query_pairs().find(|(key, _)| key == "tls");
    let encrypted = parsed.scheme() == "smtps" || asked.is_some_and(|(_, value)| value == "required");
    if parsed.password().is_some() && !encrypted {
        let detail = "a password goes over TLS alone: smtps://.., or smtp://..?tls=required";
        return Err(Error::invalid("--smtp-url", detail));
    }
    AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| wrong())
}

/// Plans a message to each of these people who wants one and has none planned.
pub async fn plan(state: &State, txn: &WriteTxn<'_>, people: &[Uuid]) -> Result<()> {
    if state.mail.is_none() {
        return Ok(());
    }
    let now = state.clock.now();
    let reached: Vec<Uuid> = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(user::Column::Id.is_in(people.iter().copied()))
        .filter(user::Column::Email.is_not_null())
        .order_by_asc(user::Column::Id)
        .into_tuple()
        .all(&**txn)
        .await?;
    // Held until the item that is to be mailed is there, so that who mails sees it or is seen.
    let rows = mail_setting::Entity::find()
        .filter(mail_setting::Column::UserId.is_in(reached.iter().copied()))
        .order_by_asc(mail_setting::Column::UserId)
        .lock_exclusive();
    let known: HashMap<_, _> = rows.all(&**txn).await?.into_iter().map(|row| (row.user_id, row)).collect();
    for id in reached {
        let row = known.get(&id);
        let planned = row.and_then(|r| r.due_at).is_some_and(|due| due.plus(LOST) > now);
        if planned || row.is_some_and(|r| !r.wanted) {
            continue;
        }
        let last = row.and_then(|r| r.sent_at);
        put_off(state, txn, id, last.map_or(now, |sent| sent.plus(PAUSE).max(now))).await?;
    }
    Ok(())
}

async fn put_off(state: &State, txn: &WriteTxn<'_>, id: Uuid, due: Timestamp) -> Result<()> {
    let row = mail_setting::ActiveModel {
        user_id: Set(id),
        wanted: Set(true),
        due_at: Set(Some(due)),
        sent_at: Set(None),
    };
    let again = OnConflict::column(mail_setting::Column::UserId)
        .update_column(mail_setting::Column::DueAt)
        .to_owned();
    mail_setting::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    jobs::enqueue_at(&**txn, &state.clock, &Job::SendMail { user: id }, due).await
}

/// What waits to be mailed, as far as they may still see it.
fn waiting(who: &Identity, now: Timestamp) -> Condition {
    inbox::of(who, now).add(inbox_item::Column::ReadAt.is_null()).add(inbox_item::Column::MailedAt.is_null())
}

/// The newest of what waits: every item, and the events that are still news.
async fn news(state: &State, who: &Identity) -> Result<(Vec<Uuid>, Vec<event::Model>)> {
    let now = state.clock.now();
    let ids: Vec<Uuid> = inbox_item::Entity::find()
        .select_only()
        .column(inbox_item::Column::EventId)
        .filter(waiting(who, now))
        .order_by_desc(inbox_item::Column::EventId)
        .limit(MOST_LINES)
        .into_tuple()
        .all(&*state.db)
        .await?;
    let events = event::Entity::find()
        .filter(event::Column::Id.is_in(ids.iter().copied()))
        .filter(event::Column::CreatedAt.gt(now.minus(FRESH)));
    Ok((ids, events.order_by_desc(event::Column::Id).all(&*state.db).await?))
}

/// Whom to write to, if they still want it.
async fn reader(state: &State, id: Uuid) -> Result<Option<(Mailbox, Identity)>> {
    let settings = mail_setting::Entity::find_by_id(id).one(&*state.db).await?;
    let person = user::Entity::find_by_id(id).one(&*state.db).await?;
    let who = identity(&*state.db, id, Via::Operator, None).await?;
    let address = person.and_then(|p| p.email).and_then(|text| text.parse().ok());
    let wanted = settings.is_none_or(|row| row.wanted);
    Ok(address.zip(who).filter(|_| wanted))
}

/// The job: one message about everything that is new. A job that runs twice may send twice.
pub async fn run(state: &State, id: Uuid) -> Result<()> {
    let (Some(mailer), Some((to, who))) = (&state.mail, reader(state, id).await?) else {
        return forget(state, id).await;
    };
    let (items, events) = news(state, &who).await?;
    if !events.is_empty() {
        send(state, mailer, to, events).await?;
    }
    told(state, &who, items).await
}

async fn send(state: &State, mailer: &Mailer, to: Mailbox, events: Vec<event::Model>) -> Result<()> {
    let (subject, text) = compose(state, events)?;
    let message = Message::builder().from(mailer.from.clone()).to(to).subject(subject);
    let message = message.header(ContentType::TEXT_PLAIN).body(text);
    let message = message.map_err(|e| Error::internal(e.to_string()))?;
    let late = |_| Error::unavailable("the mail server takes too long");
    match tokio::time::timeout(WHOLE, mailer.transport.send(message)).await.map_err(late)? {
        Ok(_) => metrics::counter!("tamis_mails_total").increment(1),
        Err(error) if error.is_permanent() => tracing::warn!(%error, "a message was refused for good"),
        Err(error) => return Err(Error::unavailable(format!("the mail server does not take it: {error}"))),
    }
    Ok(())
}

/// These are told; what came meanwhile, or found no room, is planned anew.
async fn told(state: &State, who: &Identity, items: Vec<Uuid>) -> Result<()> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let over = mail_setting::ActiveModel { due_at: Set(None), sent_at: Set(Some(now)), ..Default::default() };
    let mine = mail_setting::Entity::update_many().set(over).filter(mail_setting::Column::UserId.eq(who.id));
    mine.exec(&*txn).await?;
    inbox_item::Entity::update_many()
        .col_expr(inbox_item::Column::MailedAt, Expr::value(now))
        .filter(inbox_item::Column::UserId.eq(who.id))
        .filter(inbox_item::Column::EventId.is_in(items))
        .exec(&*txn)
        .await?;
    if inbox_item::Entity::find().filter(waiting(who, now)).count(&*txn).await? > 0 {
        put_off(state, &txn, who.id, now.plus(PAUSE)).await?;
    }
    txn.commit().await
}

/// Nobody to write to, or nobody who wants it.
pub async fn forget(state: &State, id: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let over = mail_setting::ActiveModel { due_at: Set(None), ..Default::default() };
    let mine = mail_setting::Entity::update_many().set(over).filter(mail_setting::Column::UserId.eq(id));
    mine.exec(&*txn).await?;
    inbox_item::Entity::update_many()
        .col_expr(inbox_item::Column::MailedAt, Expr::value(state.clock.now()))
        .filter(inbox_item::Column::UserId.eq(id))
        .filter(inbox_item::Column::MailedAt.is_null())
        .exec(&*txn)
        .await?;
    txn.commit().await
}

fn words(kind: NoticeKind) -> &'static str {
    use NoticeKind::*;
    match kind {
        ReviewSubmit => "is submitted for review",
        ReviewChecksPass => "has passed the checks and waits for a decision",
        ReviewChecksBlock => "was stopped by the checks",
        ReviewAssign => "has another curator",
        ReviewComment => "has a new remark in its review",
        ReviewRequestChanges => "needs changes",
        ReviewResubmit => "is submitted again",
        ReviewReconsider => "is decided anew",
        ReviewApprove => "was approved",
        ReviewReject => "was rejected",
        ReviewAppeal => "has an appeal against its rejection",
        ReviewWithdrawAppeal => "stays rejected; the appeal was withdrawn",
        ReviewReopen => "is reopened after an appeal",
        ReviewUphold => "stays rejected after an appeal",
        ReviewEscalate => "waits too long for its review",
        ReviewAskBreakGlass => "is to be published without the votes; a second person is asked for",
        ReviewWithdraw => "is no longer asked to be reviewed",
        ReviewExpire => "was not decided in time",
        ReviewSupersede => "has changed under its review, which ended",
        ReleasePublish => "is published",
        ReleaseUnpublish => "is no longer published",
        ReleaseUpdate => "has a new description",
        ReleaseYank => "was yanked",
        ReleaseUnyank => "is back from being yanked",
        ReleaseQuarantine => "was quarantined",
        ReleaseUnquarantine => "is out of quarantine",
        CapabilityUrlEnding => {
            "has a capability URL that ends soon: renew it, or proxies that start later get nothing"
        }
    }
}

fn compose(state: &State, events: Vec<event::Model>) -> Result<(String, String)> {
    let (mut lines, mut text) = (vec![], String::new());
    for event in events {
        let Ok(kind) = event.kind.parse() else { continue };
        let about: About = serde_json::from_value(event.payload)?;
        let line = format!("{}/{} {} {}", about.namespace, about.filter, about.version, words(kind));
        text.push_str(&format!("{line}\n{}", quoted(about.why())));
        lines.push(line);
    }
    let subject = match lines.as_slice() {
        [one] => format!("[Tamis] {one}"),
        more => format!("[Tamis] {} news", more.len()),
    };
    let base = &state.public_url;
    text.push_str(&format!(
        "\n--\n{base}\nYou get this because of your part in these filters.\n\
        No more of it: set mail to false at {base}/api/v1/me/notifications\n"
    ));
    Ok((subject, text))
}

/// What somebody said, so that it looks like nothing that the server says.
fn quoted(why: Option<&str>) -> String {
    why.unwrap_or_default().lines().map(|line| format!("  > {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_goes_out_in_the_clear() {
        for (url, right) in [
            ("smtp://user:word@mail.example:587", false),
            ("smtp://user:word@mail.example:587?tls=opportunistic", false),
            ("smtp://user:word@mail.example:587?tls=opportunistic&tls=required", false),
            ("smtp://user:word@mail.example:587?tls=required", true),
            ("smtps://user:word@mail.example", true),
            ("smtp://mail.example", true),
            ("mail.example:25", false),
        ] {
            let opened = transport(url);
            assert_eq!(opened.is_ok(), right, "{url}: {:?}", opened.err());
            assert!(opened.err().is_none_or(|e| !e.to_string().contains(":word@")), "{url}");
        }
    }
}
