"""Makes the nine web fonts: subset_fonts.py OUT SRC (see fonts/README.md for the packages and versions)."""
import sys,os
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from fontTools import subset
def go(src,dst,feats,rename=None,lo=400,hi=700,drop=()):
    f=TTFont(src)
    n0=f['name'].getDebugName(0); 
    ax=f['fvar'].axes[0]
    if (ax.minValue,ax.maxValue)!=(lo,hi):
        f=instancer.instantiateVariableFont(f,{'wght':(lo,400,hi)} ); import io; b=io.BytesIO(); f.flavor=None; f.save(b); b.seek(0); f=TTFont(b)
    o=subset.Options(); o.layout_features=feats; o.hinting=False; o.name_IDs=[0,1,2,3,4,5,6,13,14,16,17,25]; o.notdef_outline=True; o.glyph_names=False
    o.drop_tables+=['DSIG','BASE','gasp']
    s=subset.Subsetter(o); s.populate(unicodes=[u for u in f.getBestCmap() if u not in drop]); s.subset(f)
    if rename:
        for r in f['name'].names:
            if r.nameID in (1,3,4,6,16,25):
                t=r.toUnicode(); r.string=t.replace('Source Serif 4',rename).replace('SourceSerif4',rename.replace(' ',''))
    for r in f['name'].names:
        if 'Public Sans Thin' in r.toUnicode() or 'PublicSans-Thin' in r.toUnicode(): r.string=r.toUnicode().replace('Public Sans Thin','Public Sans').replace('PublicSans-Thin','PublicSans-Regular')
    for t in f['cmap'].tables:
        if t.isUnicode() and 0x20 in t.cmap and 'latin-ext' not in dst:
            t.cmap.setdefault(0x2010,t.cmap[0x2d]); t.cmap.setdefault(0x2011,t.cmap[0x2d])
            if 0x2009 in t.cmap: t.cmap.setdefault(0x202f,t.cmap[0x2009])
            else: t.cmap.setdefault(0x202f,t.cmap[0x20])
    f.flavor='woff2'; f.save(dst)
    print(dst,os.path.getsize(dst),len(f.getBestCmap()),n0, [ (a.axisTag,a.minValue,a.defaultValue,a.maxValue) for a in f['fvar'].axes])
EXTENDED_A=[*range(0x100,0x180),0x218,0x219,0x21a,0x21b]  # what European names need: mostly one letter on a page
def lighten(out):
    """From the six: three of Latin Extended-A alone, and italics (a word here and there) in one weight."""
    for kind in 'serif','serif-italic','sans':
        f=TTFont(f'{out}/{kind}-latin-ext.woff2')
        if 'italic' in kind: f=instancer.instantiateVariableFont(f,{'wght':400})
        o=subset.Options(); o.layout_features=['*']; o.hinting=False; o.name_IDs=['*']; o.notdef_outline=True; o.glyph_names=False; o.flavor='woff2'
        s=subset.Subsetter(o); s.populate(unicodes=[u for u in EXTENDED_A if u in f.getBestCmap()]); s.subset(f)
        f.flavor='woff2'; f.save(f'{out}/{kind}-latin-a.woff2'); print(f'{kind}-latin-a',os.path.getsize(f'{out}/{kind}-latin-a.woff2'))
    for sub in 'latin','latin-ext':
        name=f'{out}/serif-italic-{sub}.woff2'
        f=TTFont(name)
        if 'fvar' in f: f=instancer.instantiateVariableFont(f,{'wght':400}); f.flavor='woff2'; f.save(name)
        print(name,os.path.getsize(name))
if __name__=='__main__':
    OUT,SRC=sys.argv[1:3]  # where the fonts go; a folder with the two unpacked npm packages
    os.chdir(SRC)
    os.makedirs(OUT,exist_ok=True)
    F=['kern','liga','locl','ccmp','tnum','pnum','onum','lnum']
    S='fontsource-variable-source-serif-4-5.3.1/files/source-serif-4-%s-wght-%s.woff2'
    P='fontsource-variable-public-sans-5.3.0/files/public-sans-%s-wght-normal.woff2'
    D={0x300,0x301,0x303,0x304,0x308,0x309,0x323,0x329,0x2bb}
    for sub in 'latin','latin-ext':
        go(S%(sub,'normal'),OUT+'/serif-%s.woff2'%sub,F,'Masthead Serif',drop=D)
        go(S%(sub,'italic'),OUT+'/serif-italic-%s.woff2'%sub,F,'Masthead Serif',drop=D)
        go(P%sub,OUT+'/sans-%s.woff2'%sub,F,drop=D)
    lighten(OUT)
