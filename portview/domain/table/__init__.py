"""What the table shows: columns, cells, saved views and exports."""
