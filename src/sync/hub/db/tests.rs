use super::*;

fn sqlite() -> (tempfile::TempDir, DatabaseAddress) {
    let directory = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", directory.path().join("hub.db").display()).parse().unwrap();
    (directory, address)
}

#[test]
fn values_go_where_they_are_named() {
    let (_directory, address) = sqlite();
    let database = Database::open(&address).unwrap();
    let sql = "SELECT CAST($2 AS BIGINT), CAST($1 AS BIGINT)";
    let row = database.read(|t| Ok(t.query_one(sql, &[Value::Int(1), Value::Int(2)])?)).unwrap().unwrap();
    assert_eq!(row.cells(), [Cell::Int(2), Cell::Int(1)]);
}
