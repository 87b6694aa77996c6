package main

import (
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// colors are those of the systems, in all charts.
var colors = map[string]color.Color{
	"direct": grey, "c-direct": grey, "rust-direct": grey,
	"cores": color.RGBA{0xbc, 0xbd, 0x22, 0xff},
	"mutex": color.RGBA{0x8c, 0x56, 0x4b, 0xff}, "striped": color.RGBA{0xe3, 0x77, 0xc2, 0xff}, "sync.Map": purple,
	"channels": orange, "rust-channels": orange, "c-pthreads": orange,
	"slices": green, "rust-timely": green,
	"actors":  color.RGBA{0x17, 0xbe, 0xcf, 0xff},
	"partita": red, "partita-c": red, "partita-rust": red,
	"partita-typed":    color.RGBA{0x1f, 0x77, 0xb4, 0xff},
	"partita-buffered": purple,
}

var (
	grey   = color.RGBA{0x7f, 0x7f, 0x7f, 0xff}
	orange = color.RGBA{0xff, 0x7f, 0x0e, 0xff}
	green  = color.RGBA{0x2c, 0xa0, 0x2c, 0xff}
	red    = color.RGBA{0xd6, 0x27, 0x28, 0xff}
	purple = color.RGBA{0x94, 0x67, 0xbd, 0xff}
)

// drawAll writes all charts into a folder.
func drawAll(folder string, charts []chart) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, chart := range charts {
		if err := chart.draw(filepath.Join(folder, chart.file)); err != nil {
			return err
		}
	}
	return nil
}

// draw writes a chart as an image. Both axes are logarithmic; a bar goes from the least to the most of the rounds.
func (chart chart) draw(file string) error {
	drawn := plot.New()
	drawn.BackgroundColor = color.White
	drawn.Title.Text, drawn.X.Label.Text, drawn.Y.Label.Text = chart.title, chart.x, chart.y
	drawn.X.Scale, drawn.Y.Scale = plot.LogScale{}, plot.LogScale{}
	drawn.X.Tick.Marker, drawn.Y.Tick.Marker = plot.ConstantTicks(chart.places()), plot.LogTicks{Prec: -1}
	drawn.Add(plotter.NewGrid())
	drawn.Legend.Top = true
	shape := -1
	for _, line := range chart.lines {
		if !line.dashed {
			shape++
		}
		if err := line.draw(drawn, shape); err != nil {
			return err
		}
	}
	// The legend has room of its own beside the lines.
	drawn.X.Max *= math.Pow(drawn.X.Max/drawn.X.Min, 0.25)
	drawn.Y.Min = math.Pow(10, math.Floor(math.Log10(drawn.Y.Min)))
	drawn.Y.Max = math.Pow(10, math.Ceil(math.Log10(drawn.Y.Max)))
	return drawn.Save(24*vg.Centimeter, 15*vg.Centimeter, file)
}

// places marks each x once.
func (chart chart) places() (ticks []plot.Tick) {
	seen := make(map[float64]bool)
	for _, line := range chart.lines {
		for _, point := range line.points {
			if !seen[point.x] {
				seen[point.x] = true
				ticks = append(ticks, plot.Tick{Value: point.x, Label: strconv.FormatFloat(point.x, 'f', -1, 64)})
			}
		}
	}
	return ticks
}

func (line line) draw(drawn *plot.Plot, shape int) error {
	drawnLine, marks, err := plotter.NewLinePoints(line)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(line)
	if err != nil {
		return err
	}
	system, _, _ := strings.Cut(line.name, ",")
	drawnLine.Color = colors[system]
	drawnLine.Width = vg.Points(1.2)
	if ours(line.name) {
		drawnLine.Width = vg.Points(2.4)
	}
	if line.dashed {
		drawnLine.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	}
	marks.GlyphStyle = draw.GlyphStyle{Color: drawnLine.Color, Radius: vg.Points(2.5), Shape: plotutil.Shape(shape)}
	bars.LineStyle.Color, bars.CapWidth = drawnLine.Color, vg.Points(3)
	drawn.Add(drawnLine, marks, bars)
	drawn.Legend.Add(line.name, drawnLine, marks)
	return nil
}

// Len, XY and YError are what plotter asks for.
func (line line) Len() int                { return len(line.points) }
func (line line) XY(i int) (x, y float64) { return line.points[i].x, line.points[i].y }
func (line line) YError(i int) (below, above float64) {
	point := line.points[i]
	return point.min - point.y, point.max - point.y
}
