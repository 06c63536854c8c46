package rest

import (
	"fmt"
	"image"
	_ "image/gif"  // formats that an ImageField takes
	_ "image/jpeg" // …
	_ "image/png"  // …
	gopath "path"
	"slices"
	"strings"
	"unicode/utf8"

	_ "golang.org/x/image/webp" // …

	"github.com/quintet-go/quintet/rest/internal/form"
)

// UploadedFile is a file of a multipart body.
type UploadedFile = form.File

// parseFile takes an uploaded file with a name and content (FileField.to_internal_value).
func parseFile(_ *decoding, f *field, raw any) (any, error) {
	file, ok := raw.(*form.File)
	switch {
	case !ok:
		return nil, f.fail("invalid")
	case file.Name == "":
		return nil, f.fail("no_name")
	case file.Size == 0:
		return nil, f.fail("empty")
	}
	if n := utf8.RuneCountInString(file.Name); f.maxLength >= 0 && n > f.maxLength {
		return nil, f.fail("max_length", "max_length", fmt.Sprint(f.maxLength), "length", fmt.Sprint(n))
	}
	return file, nil
}

// maxPixels bounds the pictures that are decoded: a small file can claim to be a huge picture.
const maxPixels = 90_000_000

// parseImage is parseFile for what can be read as a picture.
func parseImage(d *decoding, f *field, raw any) (any, error) {
	v, err := parseFile(d, f, raw)
	if err != nil {
		return nil, err
	}
	if !isPicture(v.(*form.File)) {
		return nil, f.fail("invalid_image")
	}
	return v, nil
}

// pictureEndings are the endings of file names that a picture may have: those that Pillow, which Django asks, knows.
var pictureEndings = strings.Fields(`bmp dib gif tif tiff jfif jpe jpg jpeg pbm pgm ppm pnm png apng blp bufr cur pcx dcx
	dds ps eps fit fits fli flc fpx ftc ftu gbr grib h5 hdf jp2 j2k jpc jpf jpx j2c icns ico im iim mic mpg mpeg mpo msp
	palm pcd pdf pxr psd bw rgb rgba sgi ras tga icb vda vst webp wmf emf xbm xpm`)

// pictureEnding refuses names without the ending of a picture (validate_image_file_extension).
func pictureEnding(_ *decoding, _ *field, v any) ([]Message, error) {
	file, ok := v.(*form.File)
	if !ok {
		return nil, nil
	}
	ending := strings.ToLower(strings.TrimPrefix(gopath.Ext(file.Name), "."))
	if slices.Contains(pictureEndings, ending) {
		return nil, nil
	}
	text := fmt.Sprintf("File extension “%s” is not allowed. Allowed extensions are: %s.", ending, strings.Join(pictureEndings, ", "))
	return []Message{{text, "invalid_extension"}}, nil
}

func isPicture(file *form.File) bool {
	head, err := file.Open()
	if err != nil {
		return false
	}
	defer head.Close()
	config, _, err := image.DecodeConfig(head)
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width*config.Height > maxPixels {
		return false
	}
	body, err := file.Open()
	if err != nil {
		return false
	}
	defer body.Close()
	_, _, err = image.Decode(body)
	return err == nil
}
