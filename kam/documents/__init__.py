"""Files out (CSV and XLSX, safe against formulas), and files kept: attachments."""
