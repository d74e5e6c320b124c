//! The database file of a running Latchkey, as an administrator with a shell has it.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, FromRow, Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use uuid::Uuid;

use super::latchkey::Latchkey;

/// Connections to it, beside those of Latchkey.
#[derive(Clone)]
pub struct Database {
    pub pool: SqlitePool,
}

/// A user who is written by hand.
#[derive(Default)]
pub struct ByHand<'a> {
    pub user_name: &'a str,
    pub email: Option<&'a str>,
    pub verified: bool,
    /// Issuer, external ID, and by which provider's UID it was used last.
    pub links: Vec<(String, String, Option<&'a str>)>,
}

/// A user as the table has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct UserRow {
    pub id: String,
    pub user_name: String,
    pub email: Option<String>,
    pub verified: Option<String>,
}

impl Database {
    pub async fn of(latchkey: &Latchkey) -> Self {
        let file = latchkey.dir().join("latchkey.db");
        let options = SqliteConnectOptions::new().filename(file).foreign_keys(true);
        let options = options.busy_timeout(Duration::from_secs(30)).create_if_missing(false);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.expect("the database");
        Self { pool }
    }

    /// Writes what no server needs to hear of at once.
    pub async fn run(&self, statement: &str, values: &[&str]) -> u64 {
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for value in values {
            query = query.bind(*value);
        }
        query.execute(&self.pool).await.expect(statement).rows_affected()
    }

    /// The columns of all rows that a question gives, as text.
    pub async fn ask(&self, question: &str, values: &[&str]) -> Vec<Vec<Option<String>>> {
        let mut query = sqlx::query(AssertSqlSafe(question));
        for value in values {
            query = query.bind(*value);
        }
        let rows = query.fetch_all(&self.pool).await.expect(question);
        let columns = |row: &sqlx::sqlite::SqliteRow| (0..row.len()).map(|at| row.get(at)).collect();
        rows.iter().map(columns).collect()
    }

    /// The one number that a question gives.
    pub async fn count(&self, question: &str, values: &[&str]) -> i64 {
        let mut query = sqlx::query_scalar(AssertSqlSafe(question));
        for value in values {
            query = query.bind(*value);
        }
        query.fetch_one(&self.pool).await.expect(question)
    }

    /// The users of whom something is like this, by ID.
    pub async fn users_like(&self, pattern: &str) -> Vec<UserRow> {
        let question = "SELECT id, user_name, email, verified FROM users WHERE user_name LIKE ?1 OR email LIKE ?1 \
                        OR id IN (SELECT user_id FROM links WHERE external_id LIKE ?1) ORDER BY id";
        sqlx::query_as(question).bind(pattern).fetch_all(&self.pool).await.expect("users")
    }

    /// Issuer and external ID of all links of a user, sorted.
    pub async fn links(&self, user: &str) -> Vec<(String, String)> {
        let question = "SELECT issuer, external_id FROM links WHERE user_id = ? ORDER BY 1, 2";
        sqlx::query_as(question).bind(user).fetch_all(&self.pool).await.expect("links")
    }

    /// Writes a user of the organization `default`, whom nobody has signed in as, as `latchkey users create` does.
    pub async fn create(&self, organization: &str, new: ByHand<'_>) -> String {
        let id = Uuid::now_v7().to_string();
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
        let by = new.email.map(|_| "");
        sqlx::query(
            "INSERT INTO users (id, organization, user_name, email, verified, email_by) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&id)
        .bind(organization)
        .bind(new.user_name)
        .bind(new.email)
        .bind(new.verified.then_some("hand"))
        .bind(by)
        .execute(&mut *transaction)
        .await
        .expect("a user");
        for (issuer, external_id, provider_uid) in new.links {
            sqlx::query(
                "INSERT INTO links (organization, issuer, external_id, user_id, provider_uid) VALUES (?, ?, ?, ?, ?)",
            )
            .bind(organization)
            .bind(issuer)
            .bind(external_id)
            .bind(&id)
            .bind(provider_uid)
            .execute(&mut *transaction)
            .await
            .expect("a link");
        }
        transaction.commit().await.expect("written");
        id
    }

    /// How the table names the organization of everybody; somebody must be there.
    pub async fn organization(&self) -> String {
        sqlx::query_scalar("SELECT organization FROM users LIMIT 1").fetch_one(&self.pool).await.expect("somebody")
    }
}
