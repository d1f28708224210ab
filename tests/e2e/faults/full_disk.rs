//! Disks that fill up, each apart: spool, objects, database. Needs root, for a tmpfs of a few
//! megabytes. About the embedded default's files, whatever the suite runs on.
use std::{path::PathBuf, process::Command, time::Duration};
use tamis_e2e::{
    client::{Person, Reply},
    crash::{Instance, eventually},
    fixtures::distinct,
};
use tamis_entities::value::Role;

struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf, options: &str) -> Self {
        std::fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at).status();
        assert!(mounted.unwrap().success(), "mounting a tmpfs needs root");
        Self(at)
    }

    /// Takes all that is left, to the last byte.
    fn fill(&self) {
        let chunk = vec![0; 4096];
        let mut file = std::fs::File::create(self.0.join("ballast")).unwrap();
        while std::io::Write::write_all(&mut file, &chunk).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// The embedded default, wherever the suite runs.
async fn embedded() -> Instance {
    let mut instance = Instance::new().await;
    let database = format!("sqlite://{}?mode=rwc", instance.path().join("tamis.db").display());
    instance.set("TAMIS_DATABASE_URL", &database);
    instance.set("TAMIS_BLOBS", &instance.path().join("blobs").display().to_string());
    instance.database_url = database;
    instance
}

async fn send(alice: &Person, number: u32) -> Reply {
    let filter = format!("alice/f{number}");
    alice.upload(&filter, "1.0.0", distinct(&format!("disk {number}"), 200_000)).await
}

async fn reads_go_on(alice: &Person) {
    let listed = alice.get("/api/v1/filters?namespace=alice").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    let read = alice.get("/api/v1/filters/alice/f0/releases/1.0.0/module").await.expect(200);
    assert_eq!(read.body, distinct("disk 0", 200_000));
}

/// Fills the disk under a running server, frees it, and looks; `statuses` are what an upload may say.
async fn fills_up(instance: Instance, disk: Disk, statuses: &[u16]) {
    let alice = instance.user("alice", Role::User).await;
    let server = instance.start(&[]).await;
    send(&alice, 0).await.expect(201);
    disk.fill();
    for number in 1..4 {
        let reply = send(&alice, number).await;
        assert!(statuses.contains(&reply.status), "{}: {}\n{}", reply.status, reply.text(), server.log());
        if reply.status == 507 {
            reply.expect_problem(507, "storage-full");
        }
        reads_go_on(&alice).await;
    }
    disk.free();
    let back = eventually(Duration::from_secs(10), async || send(&alice, 1).await.status == 201);
    assert!(back.await, "uploads do not come back: {}", server.log());
    alice.get("/api/v1/filters/alice/f2").await.expect(404);
    let read = alice.get("/api/v1/filters/alice/f1/releases/1.0.0/module").await.expect(200);
    assert_eq!(read.body, distinct("disk 1", 200_000));
    instance.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_answers_507_and_recovers_without_a_restart() {
    let instance = embedded().await;
    let disk = Disk::mount(instance.path().join("spool"), "size=2m");
    fills_up(instance, disk, &[507]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_too_small_for_one_upload_answers_507_and_serves_the_others() {
    let instance = embedded().await;
    let _disk = Disk::mount(instance.path().join("spool"), "size=1m");
    let alice = instance.user("alice", Role::User).await;
    let _server = instance.start(&[]).await;
    let large = distinct("large", 3_000_000);
    alice.upload("alice/large", "1.0.0", large).await.expect_problem(507, "storage-full");
    send(&alice, 0).await.expect(201);
    reads_go_on(&alice).await;
    instance.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_object_store_answers_507_and_recovers_without_a_restart() {
    let instance = embedded().await;
    let disk = Disk::mount(instance.path().join("blobs"), "size=3m");
    fills_up(instance, disk, &[507]).await;
}

/// SQLite writes inside the log it has for as long as that has room, so a full disk lets some
/// uploads through; each is kept, each refused one is not there, and reads go on all the while.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_disk_answers_507_or_503_and_recovers_without_a_restart() {
    let mut instance = embedded().await;
    let disk = Disk::mount(instance.path().join("database"), "size=8m");
    let url = format!("sqlite://{}?mode=rwc", instance.path().join("database/tamis.db").display());
    instance.set("TAMIS_DATABASE_URL", &url);
    instance.database_url = url;
    let alice = instance.user("alice", Role::User).await;
    let server = instance.start(&[]).await;
    send(&alice, 0).await.expect(201);
    disk.fill();
    let (mut stored, mut refused) = (vec![0], vec![]);
    for number in 1..200 {
        let reply = send(&alice, number).await;
        match reply.status {
            201 => stored.push(number),
            507 | 503 => refused.push(number),
            other => panic!("{other}: {}\n{}", reply.text(), server.log()),
        }
        let listed = alice.get("/api/v1/filters?namespace=alice&limit=100").await.expect(200).json();
        let count = listed["items"].as_array().unwrap().len();
        assert_eq!(count, stored.len(), "{stored:?} {refused:?} {}", server.log());
        for kept in &stored {
            let read = format!("/api/v1/filters/alice/f{kept}/releases/1.0.0/module");
            let body = alice.get(&read).await.expect(200).body;
            assert_eq!(body, distinct(&format!("disk {kept}"), 200_000), "{stored:?} {refused:?}");
        }
        if refused.len() == 3 {
            break;
        }
    }
    assert_eq!(refused.len(), 3, "the disk never got full: {stored:?}\n{}", server.log());
    disk.free();
    let again = refused[0];
    let back = eventually(Duration::from_secs(10), async || send(&alice, again).await.status == 201);
    assert!(back.await, "uploads do not come back: {}", server.log());
    instance.assert_sound().await;
}
