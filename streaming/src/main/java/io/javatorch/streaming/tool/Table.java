package io.javatorch.streaming.tool;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows of text under a head, each column as wide as its widest cell. */
final class Table {
  private static final int MOST_WIDTH = 40;

  private final List<String> head = new ArrayList<>();
  private final List<Boolean> numeric = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();

  /** Adds a column of text, which is set to the left. */
  Table text(String name) {
    return column(name, false);
  }

  /** Adds a column of numbers, which is set to the right. */
  Table number(String name) {
    return column(name, true);
  }

  private Table column(String name, boolean right) {
    head.add(cut(name));
    numeric.add(right);
    return this;
  }

  /** Adds a row; long cells are cut. */
  void add(List<String> cells) {
    rows.add(cells.stream().map(Table::cut).toList());
  }

  void add(String... cells) {
    add(Arrays.asList(cells));
  }

  void print(PrintWriter out) {
    var widths = new int[head.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = head.get(i).length();
      for (var row : rows) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    out.println(line(head, widths));
    var rule = new ArrayList<String>();
    for (int width : widths) {
      rule.add("-".repeat(width));
    }
    out.println(line(rule, widths));
    rows.forEach(row -> out.println(line(row, widths)));
  }

  private String line(List<String> cells, int[] widths) {
    var text = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      var pad = " ".repeat(widths[i] - cells.get(i).length());
      text.append(i == 0 ? "" : "  ");
      text.append(numeric.get(i) ? pad + cells.get(i) : cells.get(i) + pad);
    }
    return text.toString().stripTrailing();
  }

  private static String cut(String cell) {
    if (cell.length() <= MOST_WIDTH) {
      return Printable.of(cell);
    }
    int end = MOST_WIDTH - 1;
    // Half a character would be none.
    return Printable.of(
            cell.substring(0, Character.isHighSurrogate(cell.charAt(end - 1)) ? end - 1 : end))
        + "…";
  }
}
