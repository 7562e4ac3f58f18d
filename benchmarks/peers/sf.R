# Answer commands of with_sf.py, one a line; shapes and answers pass through files.
suppressMessages(library(sf))

folder <- commandArgs(trailingOnly = TRUE)[1]
at <- function(name) file.path(folder, name)

read_shapes <- function(name) {
  file <- at(name)
  hex <- readLines(file)
  st_as_sfc(structure(as.list(hex), class = "WKB"), crs = 4326, EWKB = FALSE)
}

write_shapes <- function(shapes) {
  writeLines(st_as_binary(st_geometry(shapes), hex = TRUE), at("sf-shapes.txt"))
}

read_numbers <- function(name) {
  file <- at(name)
  readBin(file, "double", file.size(file) / 8)
}

border <- read_shapes("sf-line.txt")
points <- NULL
utm <- 32636
flat_border <- st_transform(border, utm)
flat_zone <- st_buffer(flat_border, 10000)

commands <- list(
  load = function() {
    both <- matrix(read_numbers("sf-points.bin"), ncol = 2, byrow = TRUE)
    table <- data.frame(lon = both[, 1], lat = both[, 2])
    points <<- st_geometry(st_as_sf(table, coords = c("lon", "lat"), crs = 4326))
  },
  zone_utm = function() {
    write_shapes(st_transform(st_buffer(st_transform(border, utm), 10000), 4326))
  },
  zone_s2 = function() write_shapes(st_buffer(border, 10000)),
  membership = function() answer(lengths(st_intersects(st_transform(points, utm), flat_zone)) > 0),
  distance_s2 = function() answer(st_distance(points, border)[, 1]),
  distance_utm = function() answer(st_distance(st_transform(points, utm), flat_border)[, 1]),
  rows = function() write_shapes(st_buffer(read_shapes("sf-rows.txt"), read_numbers("sf-m.bin")))
)

answer <- function(numbers) writeBin(as.double(numbers), at("sf-answers.bin"))

input <- file("stdin", "r")
repeat {
  command <- readLines(input, n = 1)
  if (length(command) == 0) break
  said <- tryCatch({ commands[[command]](); "done" }, error = function(e) conditionMessage(e))
  cat(said, "\n", sep = "")
  flush(stdout())
}
