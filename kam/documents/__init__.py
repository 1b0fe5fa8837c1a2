"""Files out: CSV and XLSX, safe against formulas."""
