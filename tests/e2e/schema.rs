//! What the migrations made is what the entities say, on the database of this run: columns,
//! types, nullability, keys; and every row survives being read and written back.
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel, Schema, Statement,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tamis::db::Db;
use tamis_e2e::{
    app::TestApp,
    database,
    fixtures::{distinct, small},
};
use tamis_entities::*;

/// Runs a macro with every entity there is.
macro_rules! every_entity {
    ($run:ident) => {
        $run!(
            api_token,
            audit_entry,
            break_glass_request,
            capability_url,
            catalog_entry,
            catalog_facets,
            deployment,
            deployment_attempt,
            deployment_revision,
            deployment_rule,
            event,
            external_identity,
            filter,
            filter_label,
            filter_transfer,
            former_filter,
            former_handle,
            grant,
            idempotency_key,
            inbox_item,
            job,
            lease,
            local_password,
            mail_setting,
            meshery_design,
            meshery_design_share,
            meshery_document,
            meshery_filter,
            meshery_server,
            meshery_session,
            module,
            module_lease,
            module_texts,
            namespace,
            oauth_client,
            oauth_code,
            oauth_consent,
            oauth_device_code,
            oauth_grant,
            oauth_refresh_token,
            registry_blob,
            registry_link,
            registry_manifest,
            registry_part,
            registry_tag,
            registry_upload,
            release,
            release_count,
            release_form,
            report,
            review,
            review_appeal,
            review_check,
            review_comment,
            review_event,
            review_presence,
            review_recusal,
            review_tick,
            review_vote,
            session,
            setting,
            sign_in_attempt,
            sign_in_link,
            signing_key,
            target,
            team,
            team_invitation,
            team_member,
            tombstone,
            trusted_publisher,
            used_jti,
            user,
            webhook,
            webhook_delivery
        )
    };
}

macro_rules! names {
    ($($entity:ident),+) => { BTreeSet::from([$(stringify!($entity)),+]) };
}

#[test]
fn every_entity_is_compared() {
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../entities/src/lib.rs");
    let library = std::fs::read_to_string(library).unwrap();
    let modules = library.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'));
    let modules: BTreeSet<_> = modules.filter(|m| *m != "value").collect();
    assert_eq!(modules, every_entity!(names));
}

/// `table.column` with type, nullability and place in the primary key.
type Columns = BTreeMap<String, (String, bool, bool)>;

async fn columns(db: &DatabaseConnection) -> Columns {
    let sqlite = "SELECT t.name AS tab, c.name AS col, lower(c.type) AS kind, c.\"notnull\" = 0 AND c.pk = 0 AS free, c.pk > 0 AS pk \
        FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
    let postgres = "SELECT c.table_name::text AS tab, c.column_name::text AS col, c.data_type::text AS kind, c.is_nullable = 'YES' AS free, \
        EXISTS (SELECT 1 FROM information_schema.table_constraints k JOIN information_schema.key_column_usage u USING (constraint_schema, constraint_name) \
        WHERE k.constraint_type = 'PRIMARY KEY' AND k.table_name = c.table_name AND u.column_name = c.column_name) AS pk \
        FROM information_schema.columns c WHERE c.table_schema = 'public'";
    let backend = db.get_database_backend();
    let sql = if backend == sea_orm::DbBackend::Sqlite { sqlite } else { postgres };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let mut all = Columns::new();
    for row in rows {
        let name = format!(
            "{}.{}",
            row.try_get::<String>("", "tab").unwrap(),
            row.try_get::<String>("", "col").unwrap()
        );
        let kind: String = row.try_get("", "kind").unwrap();
        // A length is a promise of the value types, not of the table.
        let kind = kind.split('(').next().unwrap().trim().to_owned();
        all.insert(name, (kind, row.try_get("", "free").unwrap(), row.try_get("", "pk").unwrap()));
    }
    all
}

/// `table(columns)` of every unique index, those of primary keys left out.
async fn unique(db: &DatabaseConnection) -> BTreeSet<String> {
    let sqlite = "SELECT t.name || '(' || (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY name)) || ')' AS key \
        FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND i.\"unique\" = 1 AND i.origin <> 'pk'";
    let postgres = "SELECT t.relname || '(' || (SELECT string_agg(a.attname, ',' ORDER BY a.attname COLLATE \"C\") FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)) || ')' AS key \
        FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
        WHERE n.nspname = 'public' AND i.indisunique AND NOT i.indisprimary";
    let backend = db.get_database_backend();
    let sql = if backend == sea_orm::DbBackend::Sqlite { sqlite } else { postgres };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "key").unwrap()).collect()
}

/// An empty database beside the migrated one.
async fn empty(directory: &std::path::Path) -> Db {
    let url = match database::server() {
        None => format!("sqlite://{}?mode=rwc", directory.join("entities.db").display()),
        Some(server) => {
            let name = format!("s_{}", uuid::Uuid::new_v4().simple());
            let admin = Db::connect(&server, 2).await.unwrap();
            admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
            format!("{}/{name}", server.rsplit_once('/').unwrap().0)
        }
    };
    Db::connect(&url, 2).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_migrated_schema_is_the_one_that_the_entities_describe() {
    let directory = tempfile::tempdir().unwrap();
    let migrated = Db::connect(&database::fresh(directory.path()).await, 2).await.unwrap();
    let described = empty(directory.path()).await;
    let schema = Schema::new(described.backend());
    macro_rules! make {
        ($($entity:ident),+) => {$(
            described.execute(&schema.create_table_from_entity($entity::Entity)).await.unwrap();
            for index in schema.create_index_from_entity($entity::Entity) {
                described.execute(&index).await.unwrap();
            }
        )+};
    }
    every_entity!(make);
    let (have, want) = (columns(&migrated).await, columns(&described).await);
    for (column, wanted) in &want {
        assert_eq!(have.get(column), Some(wanted), "{column}: (type, may be null, in the primary key)");
    }
    let tables: BTreeSet<_> = want.keys().map(|c| c.split_once('.').unwrap().0).collect();
    for column in have.keys() {
        // What the database computes by itself is nothing that a row could be written with.
        let computed = column == "reviews.is_open";
        let known =
            computed || !tables.contains(column.split_once('.').unwrap().0) || want.contains_key(column);
        assert!(known, "{column} is in the database and in no entity");
    }
    assert!(want.len() > 150, "only {} columns were compared", want.len());
    let (have, want) = (unique(&migrated).await, unique(&described).await);
    let missing: Vec<_> = want.difference(&have).collect();
    assert!(missing.is_empty(), "unique in the entities alone: {missing:?}; in the database: {have:?}");
    println!("{} tables, {} unique keys", tables.len(), want.len());
}

/// Reads every row, writes all its columns back, reads it again.
async fn round_trip<E>(db: &DatabaseConnection) -> usize
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + PartialEq + Send + Sync,
    E::ActiveModel: ActiveModelTrait<Entity = E> + sea_orm::ActiveModelBehavior + Send,
{
    let before = E::find().all(db).await.unwrap();
    for row in before.clone() {
        row.into_active_model().reset_all().update(db).await.unwrap();
    }
    let after = E::find().all(db).await.unwrap();
    assert_eq!(before.len(), after.len());
    assert!(before.iter().all(|row| after.contains(row)), "{:?} became {:?}", before, after);
    before.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_row_survives_being_read_and_written_back() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let described = json!({"title": "Ünïcode 💩 \\ ' \"", "summary": "s", "icon": "data:image/png;base64,AA==", "source_repository": "https://example.org/",
        "labels": ["a", "b"], "categories": ["c"], "defaults": {"type": "http", "root_id": "r", "licence": "MIT", "readme": "# R\n", "config_schema": {"z": [1, 2.5, null]},
        "config_sample": {"a": "\u{1b}"}, "source_commit": "c", "environment_keys": ["K"], "examples": [{"title": "t", "body": "b"}]}});
    alice.put("/api/v1/filters/alice/f", &described).await.expect(201);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &small()).await;
    app.publish(&alice, &carl, "alice/shown", "1.0.0", &distinct("shown", 10)).await;
    carl.post("/api/v1/filters/alice/f/clone", &json!({"namespace": "carl", "name": "copy"}))
        .await
        .expect(201);
    alice.post("/api/v1/teams", &json!({"handle": "acme", "title": "A"})).await.expect(201);
    alice
        .put(
            "/api/v1/filters/alice/f/grants/user:carl",
            &json!({"level": "read", "expires_at": "2126-01-01T00:00:00.123456Z"}),
        )
        .await
        .expect(200);
    alice.patch("/api/v1/teams/acme", &json!({"handle": "acme-edge"})).await.expect(200);
    let place = json!({"user": "carl", "role": "member"});
    alice.post("/api/v1/teams/acme-edge/invitations", &place).await.expect(201);
    alice.put("/api/v1/filters/alice/given", &json!({})).await.expect(201);
    let given = "/api/v1/filters/alice/given/transfer";
    let offer = alice.post(given, &json!({"to": "carl"})).await.expect(201).json();
    let accept = format!("/api/v1/me/transfers/{}/accept", offer["id"].as_str().unwrap());
    carl.post(&accept, &json!({})).await.expect(200);
    let ask = json!({"namespace": "alice", "filter": "f", "version": "1.0.0", "action": "update", "metadata": {"readme": "new"}});
    let review = alice.post("/api/v1/reviews", &ask).await.expect(201).json();
    let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    carl.post(&format!("{path}/comments"), &json!({"body": "c"})).await.expect(201);
    carl.post(&format!("{path}/assignment"), &json!({"assignee": "carl"})).await.expect(200);
    let url = json!({"name": "edge", "version": "1.0.0"});
    alice.post("/api/v1/filters/alice/f/capability-urls", &url).await.expect(201);
    alice.upload("alice/f", "2.0.0", distinct("2", 10)).await.expect(201);
    alice.get("/api/v1/filters/alice/f/releases/1.0.0/diff/2.0.0").await.expect(200);
    carl.post("/api/v1/filters/alice/f/releases/1.0.0/quarantine", &json!({"reason": "r"})).await.expect(200);
    alice.delete("/api/v1/filters/alice/f/releases/2.0.0").await.expect(204);
    let upload = alice.post("/v2/alice/f/blobs/uploads/", &json!({})).await.expect(202);
    let place = upload.header("location").strip_prefix(&app.base).unwrap().to_owned();
    alice.patch(&place, &json!({})).await.expect(202);
    app.drain_jobs().await;
    tamis::counts::flush::flush(&app.state).await.unwrap();
    // The sealing of the audit log takes a lease, and writes the rows that are read here.
    for _ in 0..100 {
        let open = audit_entry::Entity::find().all(&*app.state.db).await.unwrap();
        if open.iter().all(|e| e.seq.is_some()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Tables that no request above fills, or that empty themselves.
    let may_be_empty = [
        "break_glass_request",
        "deployment",
        "deployment_attempt",
        "deployment_revision",
        "deployment_rule",
        "external_identity",
        "idempotency_key",
        "job",
        "lease",
        "local_password",
        "mail_setting",
        "module_lease",
        "review_appeal",
        "review_presence",
        "review_recusal",
        "review_tick",
        "session",
        "sign_in_attempt",
        "sign_in_link",
        "signing_key",
        "target",
        "trusted_publisher",
        "used_jti",
        "webhook",
        "webhook_delivery",
    ];
    let of_others = |name: &str| name.starts_with("oauth_") || name.starts_with("meshery_");
    macro_rules! trip {
        ($($entity:ident),+) => {$(
            let rows = round_trip::<$entity::Entity>(&app.state.db).await;
            let name = stringify!($entity);
            assert!(rows > 0 || may_be_empty.contains(&name) || of_others(name), "no row of {name}");
        )+};
    }
    every_entity!(trip);
    app.assert_sound().await;
}
