"""Plans and reports in the JSON form that programs rely on."""
