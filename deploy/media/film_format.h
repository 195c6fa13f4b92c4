// What film.h sends and film_main.cc reads.
#ifndef STARLING_DEPLOY_MEDIA_FILM_FORMAT_H_
#define STARLING_DEPLOY_MEDIA_FILM_FORMAT_H_

namespace starling {

// Width, height and pictures a second.
inline constexpr char kFilmHeaderPrint[] = "film1 %d %d %.9g\n";
inline constexpr char kFilmHeaderScan[] = "film1 %d %d %lf";
inline constexpr char kFilmPicture = 'P';
inline constexpr char kFilmEnd = 'E';

// H.264 as browsers play it halves the resolution of colours: even sizes.
inline constexpr bool IsFilmSize(int pixels) {
  return pixels >= 16 && pixels <= 4096 && pixels % 2 == 0;
}

}  // namespace starling

#endif  // STARLING_DEPLOY_MEDIA_FILM_FORMAT_H_
