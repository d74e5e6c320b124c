//! Tables as kubectl prints them.

/// How wide the columns of a table are; they never get narrower, so that a table can go on.
#[derive(Debug, Default)]
pub struct Columns(Vec<usize>);

impl Columns {
    /// Rows of cells, a line each, without the last line's end.
    pub fn aligned(&mut self, rows: &[Vec<String>]) -> String {
        for row in rows {
            self.0.resize(self.0.len().max(row.len()), 0);
            for (width, cell) in self.0.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |row: &Vec<String>| {
            let cells: Vec<_> = row.iter().zip(&self.0).map(|(cell, width)| format!("{cell:width$}")).collect();
            cells.join("   ").trim_end().to_owned()
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
